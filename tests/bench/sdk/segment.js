// segment.js URL COUNT: hands COUNT events to the SDK as fast as it takes them; prints the milliseconds until all are delivered.
const { Analytics } = require('@segment/analytics-node');
const [url, count] = process.argv.slice(2);
const client = new Analytics({ writeKey: 'bench', host: url, maxEventsInBatch: 100, flushInterval: 1000 });
client.on('error', error => { console.error(String(error.reason || error)); process.exit(1); });

(async () => {
    const begun = process.hrtime.bigint();
    for (let i = 0; i < count; i++)
        client.track({
            anonymousId: 'bench', event: 'stopped',
            properties: { program: 'true', command: 'true', os: 'Linux', number: i },
        });
    await client.closeAndFlush({ timeout: 60000 });
    console.log(Number(process.hrtime.bigint() - begun) / 1e6);
})();

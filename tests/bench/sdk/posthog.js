// posthog.js URL COUNT: hands COUNT events to the SDK as fast as it takes them; prints the milliseconds until all are delivered.
const { PostHog } = require('posthog-node');
const [url, count] = process.argv.slice(2);
const client = new PostHog('phc_bench', { host: url, flushAt: 100, flushInterval: 1000, maxBatchSize: 100, maxQueueSize: 1e6 });
client.on('error', error => { console.error(String(error)); process.exit(1); });

(async () => {
    const begun = process.hrtime.bigint();
    for (let i = 0; i < count; i++)
        client.capture({
            distinctId: 'bench', event: 'stopped',
            properties: { program: 'true', command: 'true', os: 'Linux', number: i },
        });
    await client.shutdown(60000);
    console.log(Number(process.hrtime.bigint() - begun) / 1e6);
})();

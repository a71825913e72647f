-- What an engine tracks, in the tables it keeps it in; names that must never leave.
create schema hdb_catalog;
create schema acme_private;
create table hdb_catalog.hdb_table (table_schema text, table_name text, is_system_defined boolean default false);
create table hdb_catalog.hdb_relationship (table_schema text, table_name text, rel_name text, rel_type text, rel_def jsonb, is_system_defined boolean default false);
create table hdb_catalog.hdb_permission (table_schema text, table_name text, role_name text, perm_type text, is_system_defined boolean default false);
create table hdb_catalog.hdb_function (function_schema text, function_name text, is_system_defined boolean default false);
create table hdb_catalog.event_triggers (name text);
create table hdb_catalog.remote_schemas (name text);
create table acme_private.customer_orders (id int);
create table acme_private.users (id int);
create view acme_private.customer_orders_view as select * from acme_private.customer_orders;
insert into hdb_catalog.hdb_table values
	('acme_private', 'customer_orders', false), ('acme_private', 'users', false),
	('acme_private', 'customer_orders_view', false), ('hdb_catalog', 'hdb_table', true);
insert into hdb_catalog.hdb_relationship values
	('acme_private', 'users', 'orders', 'array', '{"foreign_key_constraint_on": "x"}'),
	('acme_private', 'customer_orders', 'user', 'object', '{"foreign_key_constraint_on": "x"}');
insert into hdb_catalog.hdb_permission values
	('acme_private', 'users', 'very_private_role', 'select'), ('acme_private', 'customer_orders', 'very_private_role', 'select'),
	('acme_private', 'users', 'very_private_role', 'update'), ('acme_private', 'customer_orders', 'very_private_role', 'update'),
	('acme_private', 'users', 'very_private_role', 'insert'), ('acme_private', 'users', 'very_private_role', 'delete'), ('acme_private', 'customer_orders', 'very_private_role', 'delete');
insert into hdb_catalog.hdb_function values ('acme_private', 'secret_fn');
insert into hdb_catalog.remote_schemas values ('acme_private_remote');
-- The engine's own user, whose name and password need escapes in a URL.
create role "an@engine" login superuser password 'p@ss:w/ord';

-- What the engine tracks, as numbers. Names of tables, schemas, roles and functions do not leave the database.
select json_build_object(
	'views', (select count(*) from hdb_catalog.hdb_table t join information_schema.tables i
		on (i.table_schema, i.table_name) = (t.table_schema, t.table_name) where i.table_type = 'VIEW' and not t.is_system_defined),
	'tables', (select count(*) from hdb_catalog.hdb_table t join information_schema.tables i
		on (i.table_schema, i.table_name) = (t.table_schema, t.table_name) where i.table_type = 'BASE TABLE' and not t.is_system_defined),
	'functions', (select count(*) from hdb_catalog.hdb_function where not is_system_defined),
	'permissions', (select json_build_object(
		'roles', count(distinct role_name),
		'delete', count(*) filter (where perm_type = 'delete'),
		'insert', count(*) filter (where perm_type = 'insert'),
		'select', count(*) filter (where perm_type = 'select'),
		'update', count(*) filter (where perm_type = 'update')) from hdb_catalog.hdb_permission where not is_system_defined),
	'relationships', (select json_build_object(
		'auto', count(*) filter (where rel_def ? 'foreign_key_constraint_on'),
		'manual', count(*) filter (where not rel_def ? 'foreign_key_constraint_on'))
		from hdb_catalog.hdb_relationship where not is_system_defined),
	'event_triggers', (select count(*) from hdb_catalog.event_triggers),
	'remote_schemas', (select count(*) from hdb_catalog.remote_schemas));

-- Made from schema/041_audit_indexes.* by COORD_BLESS=1 cargo nextest run schema; change it there.


DROP INDEX audit_log_by_time;
DROP INDEX audit_log_by_operation;

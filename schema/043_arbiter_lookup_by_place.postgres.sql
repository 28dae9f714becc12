-- What is held at each place above a path is looked up place by place: of a list of places the planner makes a filter
-- over all that the project holds, as long as it has no statistics of a table that has grown quickly.

create or replace function coord.in_the_way(
    p_project coord.arbiter_projects, p_locks jsonb, p_device uuid, p_session text, p_now bigint
) returns setof coord.shared_locks
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
declare
    w record;
    v_root text;
begin
    for w in select r.kind, r.mode, r.root from jsonb_to_recordset(p_locks) as r(kind text, mode text, root text) loop
        foreach v_root in array coord.roots_above(w.root) loop
            return query
                select l.* from coord.shared_locks l
                 where l.workspace_id = p_project.workspace_id and l.project = p_project.project
                   and l.root = v_root and l.free_at > p_now
                   and not (l.device_id = p_device and l.session_id = p_session)
                   and not (w.mode = 'shared' and l.mode = 'shared')
                   and coord.may_meet(w.kind, w.root, l.kind, l.root);
        end loop;
        if w.kind in ('folder', 'glob') then
            return query
                select l.* from coord.shared_locks l
                 where l.workspace_id = p_project.workspace_id and l.project = p_project.project
                   and l.root > w.root and (w.root = '' or l.root >= w.root || '/' and l.root < w.root || '0')
                   and l.free_at > p_now
                   and not (l.device_id = p_device and l.session_id = p_session)
                   and not (w.mode = 'shared' and l.mode = 'shared')
                   and coord.may_meet(w.kind, w.root, l.kind, l.root);
        end if;
    end loop;
end $$;

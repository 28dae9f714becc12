//! Tasks that the arbiter has forgotten are handed in again with all that they wait for.

use coord::context::Settings;
use serde_json::json;

use super::work::{complete, get, submit};
use super::{Machine, cloud, pass_there};

#[test]
fn what_a_forgotten_task_waits_for_is_handed_in_with_it() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    let done = submit(&ann, json!({}));
    one.world.until("it is handed in", |_| cloud.ask("count(*) from coord.shared_tasks") == "1");
    assert_eq!(get(&bob)["task_id"], done);
    assert_eq!(complete(&bob, &done)["success"], true);
    let first = submit(&ann, json!({"depends_on": [done]}));
    let second = submit(&ann, json!({"depends_on": [done, first]}));
    one.world.until("all are handed in", |_| cloud.ask("count(*) from coord.shared_tasks") == "3");
    one.world.until("the end is known", |_| {
        one.line.count("coord_arbiter_state") > 0
            && super::locks::value(&one.world.person().asks("show_work", json!({"task_id": done})))
                ["status"]
                == "completed"
    });

    cloud.sql().batch_execute("delete from coord.shared_tasks").expect("ours");
    one.world.until("two are handed in again", |_| {
        cloud.ask("string_agg(unmet::text, ' ' order by unmet) from coord.shared_tasks") == "0 1"
    });
    assert_eq!(cloud.ask("count(*) from coord.shared_dependencies"), "3");
    assert_eq!(get(&bob)["task_id"], first);
    assert_eq!(get(&bob)["code"], "no_tasks_available");
    assert_eq!(complete(&bob, &first)["success"], true);
    assert_eq!(get(&ann)["task_id"], second);
}

#[test]
fn a_worker_s_machine_knows_what_its_task_waited_for() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    let first = submit(&ann, json!({}));
    let second = submit(&ann, json!({"depends_on": [first]}));
    one.world.until("both are handed in", |_| cloud.ask("count(*) from coord.shared_tasks") == "2");
    assert_eq!(get(&ann)["task_id"], first);
    assert_eq!(complete(&ann, &first)["success"], true);
    assert_eq!(get(&bob)["task_id"], second);
    one.line.cut(true);

    // It went back to a copy that was made when the first was open and the second not yet there.
    let back = format!(
        "delete from coord.shared_tasks where task_id = '{second}';
         update coord.shared_tasks set status = 'pending', finished_at = null, session_id = null, result = null"
    );
    cloud.sql().batch_execute(&back).expect("ours");
    two.arbiter.sleep(30_000);
    two.world.until("it is handed in again", |_| {
        cloud.ask(&format!("unmet from coord.shared_tasks where task_id = '{second}'")) == "1"
    });
    pass_there(&cloud, 100_000);
    assert_eq!(get(&bob)["task_id"], first, "that is open there, whatever was done");
    assert_eq!(get(&bob)["code"], "no_tasks_available");
    assert_eq!(complete(&bob, &first)["success"], true);
    assert_eq!(get(&bob)["task_id"], second);
}

#[test]
fn what_waits_for_a_claim_of_this_machine_alone_stays_here_until_it_is_done() {
    let cloud = cloud();
    let mut one = Machine::start(&cloud, false);
    let shared = std::mem::take(&mut one.world.settings);
    let first = submit(&one.world.agent("ann"), json!({}));
    assert_eq!(get(&one.world.agent("ann"))["task_id"], first);
    one.world.settings = Settings { arbitrated: true, ..shared };

    let ann = one.world.agent("ann");
    let second = submit(&ann, json!({"depends_on": [first]}));
    assert_eq!(get(&ann)["code"], "no_tasks_available");
    assert_eq!(cloud.ask("count(*) from coord.shared_tasks"), "0");
    assert_eq!(complete(&ann, &first)["success"], true);
    assert_eq!(get(&ann)["task_id"], second);
}

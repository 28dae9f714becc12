//! The same random script without the coordinator and with it.

use super::site::Site;

#[test]
fn ten_agents_lose_updates_without_coord_and_none_with_it() {
    let site = Site::new();
    let (code, played) = site.json(&["demo", "--versus", "--seconds", "6"]);

    let [without, with] = ["without", "with"].map(|half| &played["numbers"][half]);
    println!("without coord: {without}\nwith coord:    {with}");
    let count = |half: &serde_json::Value, name: &str| half[name].as_u64().expect("a number");
    assert_eq!(code, 0, "{played}");
    assert!(count(without, "lost") > 0, "the script is harmless: {without}");
    for never in ["lost", "unlocked", "held_by_two"] {
        assert_eq!(count(with, never), 0, "{never}: {with}");
    }
    for often in ["edits", "seen", "denied"] {
        assert!(count(with, often) > 0, "{often}: {with}");
    }
}

//! The first upload, in front of whoever waits for it.

use std::time::Duration;

use super::Bench;
use crate::cloud::gateway::{Fault, PUBLISHABLE};

/// The states of a progress bar, as they were drawn one over another.
fn drawn(said: &str) -> Vec<String> {
    let lines = said.split(['\r', '\n', '\u{1b}']);
    let bars = lines.filter_map(|line| line.find("mirroring ").map(|at| line[at..].to_owned()));
    bars.map(|line| line.trim().to_owned()).collect()
}

/// The numbers of a line, in order.
fn numbers(line: &str) -> Vec<u64> {
    let parts = line.split(|letter: char| !letter.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}

/// A line without its numbers and with one mark for its bar.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    for letter in line.chars() {
        let letter = match letter {
            '0'..='9' => '#',
            '█' | '░' | '▓' | '▒' | '▏' | '▎' | '▍' | '▌' | '▋' | '▊' | '▉' => {
                '█'
            }
            other => other,
        };
        if !(shape.ends_with(letter) && "#█".contains(letter)) {
            shape.push(letter);
        }
    }
    shape
}

#[test]
fn at_a_terminal_a_bar_shows_how_far_it_has_come() {
    let bench = Bench::new();
    bench.fill(4_000);
    bench.gateway.always(Fault::Delay(Duration::from_millis(300)));
    let (url, code) = (bench.gateway.url.clone(), bench.invitation());
    let variables = [("SUPABASE_KEY", PUBLISHABLE), ("TERM", "xterm")];
    let (exit, said) = bench.person(&variables, &["sync", "login", "--url", &url, "--code", &code]);
    assert_eq!(exit, 0, "{said}");
    let bars = drawn(&said);
    let last = bars.last().unwrap_or_else(|| panic!("no bar: {said:?}"));
    insta::assert_snapshot!(shape(last), @"mirroring █ #/# #% #s left");
    let mut seen: Vec<u64> = bars.iter().map(|bar| numbers(bar)[0]).collect();
    seen.dedup();
    assert!(seen.len() > 2 && seen.is_sorted(), "{bars:#?}");
    let end = numbers(last);
    let (done, of, percent) = (end[0], end[1], end[2]);
    assert!(done <= of && of > 4_000 && percent.abs_diff(done * 100 / of) < 2, "{last}");
    // It makes way for what is said at the end.
    assert!(said.trim_end().ends_with("mirrored to the workspace team."), "{said:?}");
}

#[test]
fn where_none_can_be_drawn_a_line_tells_it_now_and_then() {
    let bench = Bench::new();
    bench.fill(2_000);
    bench.gateway.always(Fault::Delay(Duration::from_millis(200)));
    let (exit, said) = bench.login(&["--code", &bench.invitation()]);
    assert_eq!(exit, 0, "{said}");
    let lines: Vec<&str> = said.trim_end().lines().collect();
    let (end, told) = lines.split_last().expect("something is said");
    assert_eq!(*end, "This machine is mirrored to the workspace team.");
    assert!(!told.is_empty() && !said.contains(['\r', '\u{1b}']), "{said:?}");
    for line in told {
        assert_eq!(shape(line), "mirroring: # of # changes", "{said:?}");
        assert!(numbers(line)[0] <= numbers(line)[1], "{line}");
    }
}

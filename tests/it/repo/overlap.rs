use std::cell::Cell;

use coord::repo::{Kind, Target, covers, overlaps};
use proptest::prelude::{Just, Strategy, proptest};
use proptest::{collection, prop_oneof};

use super::stored;

/// The names of the small world in which everything is tried.
const NAMES: [&str; 9] = ["a", "b", "aa", "ab", "ba", "bb", "[a]", "[ab]", "[!a]"];
const DEPTH: usize = 4;

/// A pattern as it was made up, before anything reads its text.
#[derive(Clone, Debug)]
enum Piece {
    Char(char),
    Star,
    Any,
    /// Characters, and whether all others are meant.
    Class(&'static str, bool),
    Either(char, char),
}

#[derive(Clone, Debug)]
enum Part {
    Deep,
    Name(Vec<Piece>),
}

/// Alternatives of a whole path; more than one is written with braces.
#[derive(Clone, Debug)]
struct Made {
    before: Vec<Part>,
    choices: Vec<Vec<Part>>,
    after: Vec<Part>,
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => prop_oneof![Just('a'), Just('b')].prop_map(Piece::Char),
        2 => Just(Piece::Star),
        1 => Just(Piece::Any),
        1 => prop_oneof![Just(("a", false)), Just(("ab", false)), Just(("a", true))]
            .prop_map(|(chars, not)| Piece::Class(chars, not)),
        1 => Just(Piece::Either('a', 'b')),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    let name = collection::vec(piece(), 1..3).prop_map(|mut pieces| {
        pieces.dedup_by(|a, b| matches!((a, b), (Piece::Star, Piece::Star)));
        Part::Name(pieces)
    });
    prop_oneof![1 => Just(Part::Deep), 4 => name]
}

fn made() -> impl Strategy<Value = Made> {
    let some = |most| collection::vec(part(), 0..most);
    let choices = prop_oneof![
        2 => Just(Vec::new()),
        1 => collection::vec(collection::vec(part(), 1..3), 2..4),
    ];
    (some(3), choices, some(2))
        .prop_map(|(before, choices, after)| Made { before, choices, after })
        .prop_filter("a pattern is not empty", |made| !made.paths().iter().any(Vec::is_empty))
}

impl Piece {
    fn text(&self) -> String {
        match self {
            Self::Char(c) => c.to_string(),
            Self::Star => "*".into(),
            Self::Any => "?".into(),
            Self::Class(chars, not) => format!("[{}{chars}]", if *not { "!" } else { "" }),
            Self::Either(a, b) => format!("{{{a},{b}}}"),
        }
    }

    /// What may be left of `name` after this.
    fn eat<'a>(&self, name: &'a str) -> Vec<&'a str> {
        let first = name.chars().next();
        let one = |fits: bool| if fits { vec![&name[1..]] } else { Vec::new() };
        match self {
            Self::Char(c) => one(first == Some(*c)),
            Self::Any => one(first.is_some()),
            Self::Either(a, b) => one(first == Some(*a) || first == Some(*b)),
            Self::Star => (0..=name.len()).map(|at| &name[at..]).collect(),
            Self::Class(chars, not) => {
                let mut left = one(first.is_some_and(|c| chars.contains(c) != *not));
                left.extend(name.strip_prefix(&self.text()));
                left
            }
        }
    }
}

fn fits_name(pieces: &[Piece], name: &str) -> bool {
    match pieces {
        [] => name.is_empty(),
        [first, rest @ ..] => first.eat(name).iter().any(|left| fits_name(rest, left)),
    }
}

fn fits(parts: &[Part], path: &[&str]) -> bool {
    match (parts, path) {
        ([], path) => path.is_empty(),
        ([Part::Deep, rest @ ..], path) => (0..=path.len()).any(|at| fits(rest, &path[at..])),
        ([Part::Name(pieces), rest @ ..], [name, below @ ..]) => {
            fits_name(pieces, name) && fits(rest, below)
        }
        ([Part::Name(_), ..], []) => false,
    }
}

fn text(parts: &[Part]) -> String {
    let texts = parts.iter().map(|part| match part {
        Part::Deep => "**".to_owned(),
        Part::Name(pieces) => pieces.iter().map(Piece::text).collect(),
    });
    texts.collect::<Vec<_>>().join("/")
}

impl Made {
    fn paths(&self) -> Vec<Vec<Part>> {
        let one = [Vec::new()];
        let choices = if self.choices.is_empty() { &one[..] } else { &self.choices };
        choices.iter().map(|c| [&self.before[..], c, &self.after].concat()).collect()
    }

    fn target(&self) -> Target {
        let choices: Vec<String> = self.choices.iter().map(|choice| text(choice)).collect();
        let braces =
            if choices.is_empty() { String::new() } else { format!("{{{}}}", choices.join(",")) };
        let texts = [text(&self.before), braces, text(&self.after)];
        let texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        stored(Kind::Glob, &texts.join("/"))
    }

    /// Whether what it has in common with another such pattern shows up in the
    /// world, which is four names deep and has few characters.
    fn is_small(&self) -> bool {
        let small = |part: &Part| match part {
            Part::Deep => true,
            Part::Name(pieces) => !pieces.iter().any(|p| matches!(p, Piece::Class(_, true))),
        };
        self.paths().iter().all(|path| path.len() <= 2 && path.iter().all(small))
    }

    fn fits(&self, path: &[&str]) -> bool {
        self.paths().iter().any(|parts| fits(parts, path))
    }
}

/// Every path of the small world.
fn world() -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<&str>> = vec![Vec::new()];
    let mut last = 0;
    for _ in 0..DEPTH {
        let end = all.len();
        for at in last..end {
            let longer = NAMES.map(|name| [&all[at][..], &[name]].concat());
            all.extend(longer);
        }
        last = end;
    }
    all.split_off(1)
}

fn config(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config { cases, ..Default::default() }
}

/// What a pattern, file or folder means in the small world.
fn meaning(made: &Made, world: &[Vec<&str>]) -> Vec<bool> {
    world.iter().map(|path| made.fits(path)).collect()
}

#[test]
fn patterns_overlap_whenever_a_path_matches_both() {
    let world = world();
    let (yes, needless) = (Cell::new(0), Cell::new(0));

    proptest!(config(150), |(a in made(), b in made())| {
        let (in_a, in_b) = (meaning(&a, &world), meaning(&b, &world));
        let common = in_a.iter().zip(&in_b).any(|(a, b)| *a && *b);
        let (left, right) = (a.target(), b.target());
        let said = overlaps(&left, &right);
        assert!(said || !common, "{} and {} have a path in common", left.key, right.key);
        assert_eq!(said, overlaps(&right, &left));
        if a.is_small() && b.is_small() {
            assert_eq!(said, common, "{} and {} have no path in common", left.key, right.key);
        }
        yes.set(yes.get() + u32::from(said));
        needless.set(needless.get() + u32::from(said && !common));
    });

    println!("{} of {} overlaps have no witness in the world", needless.get(), yes.get());
}

#[test]
fn a_pattern_overlaps_exactly_the_files_it_matches() {
    let world: Vec<_> = world().into_iter().filter(|path| path.len() <= 3).collect();
    let files = world.iter().map(|path| stored(Kind::File, &path.join("/")));
    let files: Vec<Target> = files.collect();

    proptest!(config(200), |(a in made())| {
        let glob = a.target();
        for (path, file) in world.iter().zip(&files) {
            assert_eq!(overlaps(&glob, file), a.fits(path), "{} {}", glob.key, file.key);
            assert_eq!(covers(&glob, file), a.fits(path), "{} {}", glob.key, file.key);
        }
    });
}

#[test]
fn a_pattern_overlaps_a_folder_whenever_it_matches_something_in_it() {
    let world = world();

    proptest!(config(200), |(a in made())| {
        let glob = a.target();
        let matched = meaning(&a, &world);
        for folder in world.iter().filter(|path| path.len() <= 2) {
            let target = stored(Kind::Folder, &format!("{}/", folder.join("/")));
            let inside = |path: &[&str]| path.starts_with(folder);
            let common = world.iter().zip(&matched).any(|(path, is)| *is && inside(path));
            assert!(overlaps(&glob, &target) || !common, "{} {}", glob.key, target.key);
            let all = world.iter().zip(&matched).all(|(path, is)| *is || !inside(path));
            assert!(!covers(&glob, &target) || all, "{} {}", glob.key, target.key);
            let within = world.iter().zip(&matched).all(|(path, is)| !*is || inside(path));
            assert!(!covers(&target, &glob) || within, "{} {}", target.key, glob.key);
        }
    });
}

#[test]
fn what_covers_misses_nothing() {
    let world = world();
    let sure = Cell::new(0);

    proptest!(config(400), |(a in made(), b in made())| {
        let (outer, inner) = (a.target(), b.target());
        assert!(covers(&inner, &inner));
        if covers(&outer, &inner) {
            sure.set(sure.get() + 1);
            let missed = world.iter().find(|path| b.fits(path) && !a.fits(path));
            assert!(missed.is_none(), "{} {}: {missed:?}", outer.key, inner.key);
        }
    });

    assert!(sure.get() > 0, "some patterns cover others");
}

#[test]
fn the_candidates_from_the_database_miss_no_overlap() {
    let world: Vec<_> = world().into_iter().filter(|path| path.len() <= 3).collect();
    let mut rows: Vec<Target> = vec![stored(Kind::Folder, "./"), stored(Kind::Resource, "a:b")];
    for path in &world {
        rows.push(stored(Kind::File, &path.join("/")));
        rows.push(stored(Kind::Folder, &format!("{}/", path.join("/"))));
    }
    let missed = |asked: &Target| {
        let (keys, range) = (asked.lookups(), asked.scan());
        let candidate = |row: &Target| {
            let inside = |(from, to): &(String, String)| *from <= row.key && row.key < *to;
            keys.contains(&row.key) || range.as_ref().is_some_and(inside)
        };
        rows.iter().find(|row| overlaps(asked, row) && !candidate(row)).cloned()
    };

    for row in rows.iter().step_by(7) {
        assert_eq!(missed(row), None, "asked {}", row.key);
    }
    proptest!(config(200), |(a in made())| {
        let asked = a.target();
        assert_eq!(missed(&asked), None, "asked {}", asked.key);
    });
}

#[test]
fn overlap_of_plain_targets_follows_the_tree() {
    let (file, folder) = (|key| stored(Kind::File, key), |key| stored(Kind::Folder, key));
    let cases = [
        (file("src/a"), file("src/a"), true),
        (file("src/a"), file("src/ab"), false),
        (folder("src/"), file("src/a"), true),
        (folder("src/"), file("src/a/b/c"), true),
        (folder("src/"), file("src2/a"), false),
        (folder("src/"), file("src"), true),
        (folder("src/"), folder("src/x/"), true),
        (folder("src/x/"), folder("src/"), true),
        (folder("src/x/"), folder("src/y/"), false),
        (folder("./"), file("a"), true),
        (folder("./"), folder("a/"), true),
        (folder("./"), file("./a:b"), true),
        (folder("./a:b/"), file("./a:b/c"), true),
        (stored(Kind::Resource, "db:x"), stored(Kind::Resource, "db:x"), true),
        (stored(Kind::Resource, "db:x"), stored(Kind::Resource, "db:y"), false),
        (stored(Kind::Resource, "db:x"), folder("./"), false),
        (stored(Kind::Glob, "**"), stored(Kind::Resource, "db:x"), false),
        (stored(Kind::Glob, "**"), file("./a:b"), true),
    ];

    for (a, b, said) in cases {
        assert_eq!(overlaps(&a, &b), said, "{} {}", a.key, b.key);
        assert_eq!(overlaps(&b, &a), said, "{} {}", b.key, a.key);
    }
}

#[test]
fn patterns_agents_write_are_understood() {
    let yes = [
        ("src/**/*.rs", "src/a.rs"),
        ("src/**/*.rs", "src/x/y/a.rs"),
        ("src/**.rs", "src/x/y/a.rs"),
        ("src/**.rs", "src/a.rs"),
        ("src/**", "src/.hidden/x"),
        ("**/mod.rs", "mod.rs"),
        ("*.{rs,toml}", "Cargo.toml"),
        ("{src,tests/it}/*.rs", "tests/it/main.rs"),
        ("file{1..3}.rs", "file2.rs"),
        ("app/**/[slug]/page.tsx", "app/x/[slug]/page.tsx"),
        ("[[...rest]]/x", "[[...rest]]/x"),
        ("[[:alpha:]]x", "ax"),
        ("[!a]x", "bx"),
        ("[a-c]x", "bx"),
        ("[]]x*", "]x"),
        ("[[]id]*", "[id]"),
        ("a[b*", "a[bc"),
        ("?", "é"),
    ];
    let no = [
        ("src/*.rs", "src/x/a.rs"),
        ("*.rs", "src/a.rs"),
        ("[a-c]x", "dx"),
        ("[[]id]*", "iid"),
        ("{{x}}*", "x"),
        ("src/**/a", "src/b"),
    ];

    for (glob, file) in yes {
        assert!(overlaps(&stored(Kind::Glob, glob), &stored(Kind::File, file)), "{glob} {file}");
    }
    for (glob, file) in no {
        assert!(!overlaps(&stored(Kind::Glob, glob), &stored(Kind::File, file)), "{glob} {file}");
    }
}

#[test]
fn a_question_too_long_to_answer_is_answered_with_caution() {
    let hard = |end: &str| stored(Kind::Glob, &format!("{}{end}", "**/*a*b*/".repeat(300)));

    assert!(overlaps(&hard("x"), &hard("y")), "nobody knows in time, so they overlap");
    assert!(!covers(&hard("x"), &hard("y")), "nobody knows in time, so it does not cover");
    let many = stored(Kind::Glob, &"{a,b}".repeat(9));
    assert!(overlaps(&many, &stored(Kind::File, "z")) && !covers(&many, &stored(Kind::File, "z")));
}

use std::fs;
use std::path::{Path, PathBuf};

use coord::repo::{Kind, Repo, covers, overlaps};
use proptest::prelude::{Strategy, proptest};
use proptest::{collection, sample};
use unicode_normalization::UnicodeNormalization as _;

use super::{Tree, plain, stored};

#[test]
fn every_spelling_of_a_file_has_one_key() {
    let tree = Tree::new();
    let root = tree.repo.root.to_str().expect("temporary folders have plain names").to_owned();
    let outside = tree.around.path().join("repo/a/f");
    let spellings = [
        "a/f",
        "./a/f",
        "b/../a/f",
        "a//f",
        "a/./f",
        "a\\f",
        ".\\a\\f",
        "link/f",
        "b/tofile",
        "here/here/a/f",
        "up/repo/a/f",
        "../repo/a/f",
        "not/../a/f",
        "a/deep/../f",
        "a/f/",
        &format!("{root}/a/f"),
        &format!("{root}//link/./f"),
        outside.to_str().expect("temporary folders have plain names"),
    ];

    for spelling in spellings {
        let target = tree.get(spelling);
        assert_eq!(
            (&*target.key, &*target.shown, target.kind),
            ("a/f", "a/f", Kind::File),
            "{spelling}"
        );
    }
}

#[test]
fn a_path_is_a_folder_if_it_is_one_or_says_so() {
    let tree = Tree::new();
    let root = tree.repo.root.to_str().expect("plain").to_owned();
    let cases = [
        ("a", "a/"),
        ("a/", "a/"),
        ("link", "a/"),
        ("a\\deep\\", "a/deep/"),
        ("new/", "new/"),
        ("new\\", "new/"),
        ("b/[id]", "b/[id]/"),
        (".", "./"),
        ("./", "./"),
        ("a/..", "./"),
        ("here", "./"),
        (&root, "./"),
        ("../repo", "./"),
    ];

    for (asked, key) in cases {
        assert_eq!((tree.get(asked).kind, tree.key(asked)), (Kind::Folder, key.into()), "{asked}");
    }
    assert_eq!(tree.get("new").kind, Kind::File, "a name that is not there is a file's");
}

#[test]
fn composed_and_decomposed_names_are_one() {
    let tree = Tree::new();

    assert_eq!(tree.key("cafe\u{301}"), "caf\u{e9}");
    assert_eq!(tree.key("caf\u{e9}"), "caf\u{e9}");
    assert_eq!(tree.key("new/cafe\u{301}.rs"), tree.key("new/caf\u{e9}.rs"));
}

#[test]
fn a_backslash_separates_unless_a_name_has_it() {
    let tree = Tree::new();

    assert_eq!(tree.key("back\\slash"), "back\\slash");
    assert_eq!(tree.key("a\\deep\\new.rs"), "a/deep/new.rs");
    assert_eq!(tree.key("a\\..\\b\\new"), "b/new");
    assert_eq!(tree.reason("\\a"), "outside_repository");
    assert_eq!(tree.reason("a\\..\\..\\outside"), "outside_repository");
}

#[test]
fn a_pattern_is_a_pattern_only_if_no_file_has_that_name() {
    let tree = Tree::new();
    let cases = [
        ("b/[id]/page.tsx", Kind::File, "b/[id]/page.tsx"),
        ("b/[id]/new.tsx", Kind::File, "b/[id]/new.tsx"),
        ("b/[id]/*.tsx", Kind::Glob, "b/[[]id]/*.tsx"),
        ("b/[slug]/page.tsx", Kind::Glob, "b/[slug]/page.tsx"),
        ("{a,b}.txt", Kind::File, "{a,b}.txt"),
        ("{x,y}.txt", Kind::Glob, "{x,y}.txt"),
        ("{{name}}/x", Kind::File, "{{name}}/x"),
        ("link/**/*.rs", Kind::Glob, "a/**/*.rs"),
        ("./a//./*.rs", Kind::Glob, "a/*.rs"),
        ("b/../a/*", Kind::Glob, "a/*"),
        ("a\\*.rs", Kind::Glob, "a/*.rs"),
        ("a/*/", Kind::Glob, "a/*/**"),
        ("{a,b}", Kind::Glob, "{a,b}/**"),
        ("[*].rs", Kind::File, "*.rs"),
        ("a[b", Kind::File, "a[b"),
        ("**", Kind::Glob, "**"),
    ];

    for (asked, kind, key) in cases {
        let target = tree.get(asked);
        assert_eq!((target.kind, &*target.key), (kind, key), "{asked}");
        assert_eq!(tree.get(&target.shown), target, "{asked} shown as {}", target.shown);
    }
}

#[test]
fn a_lock_on_a_file_to_come_holds_once_the_file_is_there() {
    let tree = Tree::new();
    let before = tree.get("b/[slug]/page.tsx");

    fs::create_dir(tree.repo.root.join("b/[slug]")).expect("b is writable");
    fs::write(tree.repo.root.join("b/[slug]/page.tsx"), "").expect("it was just made");

    let after = tree.get("b/[slug]/page.tsx");
    assert_eq!(after.kind, Kind::File);
    assert!(overlaps(&before, &after) && covers(&before, &after));
}

#[test]
fn an_edited_file_is_never_taken_for_a_pattern_or_a_resource() {
    let tree = Tree::new();

    for (asked, key) in
        [("[x].rs", "[x].rs"), ("db:test", "./db:test"), ("**", "**"), ("a/f", "a/f")]
    {
        let target = tree.repo.resolve_file(asked).expect("it lies inside");
        assert_eq!((target.kind, &*target.key), (Kind::File, key));
    }
    assert!(tree.repo.resolve_file("../x").is_err());
}

#[test]
fn resources_have_a_scheme_and_never_meet_files() {
    let tree = Tree::new();
    let cases = [
        ("port:8080", "port:8080"),
        (" PORT: 08080 ", "port:8080"),
        ("db:Test", "db:Test"),
        ("build:a/b c", "build:a/b c"),
        ("git+x:1", "git+x:1"),
    ];

    for (asked, key) in cases {
        let target = tree.get(asked);
        assert_eq!((target.kind, &*target.key, &*target.shown), (Kind::Resource, key, key));
    }
    let file = tree.get("./db:test");
    assert_eq!((file.kind, &*file.key), (Kind::File, "./db:test"));
    assert_eq!(tree.get(&file.shown), file);
    assert!(!overlaps(&file, &tree.get("db:test")));
    assert!(!overlaps(&tree.get("./"), &tree.get("db:test")));
    assert!(overlaps(&tree.get("./"), &file));
}

#[test]
fn names_that_differ_in_case_alone_are_one_where_the_file_system_says_so() {
    let mut tree = Tree::new();
    assert!(!overlaps(&tree.get("README.md"), &tree.get("readme.MD")));

    tree.repo.case_insensitive = true;

    assert_eq!(tree.get("README.md"), tree.get("readme.MD"));
    assert_eq!(tree.get("README.md").shown, "README.md");
    assert_eq!(tree.get("Straße/X"), tree.get("STRASSE/x"));
    for (glob, file) in [
        ("SRC/*.RS", "src/A.rs"),
        ("src/?.rs", "src/ß.rs"),
        ("[A-C]x*", "Bx"),
        ("[^z]*.é", "a.É"),
        ("[É]*", "e\u{301}"),
        ("??.x", "ab.x"),
    ] {
        assert!(overlaps(&tree.get(glob), &tree.get(file)), "{glob} {file}");
    }
    assert!(!overlaps(&tree.get("??.x"), &tree.get("a/b.x")), "a star of ours stays in its name");
    assert!(!overlaps(&tree.get("[A-C]x*"), &tree.get("dx")));
}

#[test]
fn the_root_may_be_reached_by_another_name() {
    let tree = Tree::new();
    let other = tree.around.path().join("other");
    std::os::unix::fs::symlink(&tree.repo.root, &other).expect("the folder is writable");

    let asked = other.join("a/f");

    assert_eq!(tree.key(asked.to_str().expect("plain")), "a/f");
}

/// What the operating system says a path is, as far as it exists.
fn truth(repo: &Repo, asked: &str) -> Option<PathBuf> {
    repo.root.join(asked).canonicalize().ok()
}

fn deepest_existing(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|path| path.canonicalize().ok());
    there.expect("the root of the file system exists")
}

fn spelling() -> impl Strategy<Value = String> {
    let names = [
        "a",
        "b",
        "f",
        "deep",
        "link",
        "tofile",
        "out",
        "outrel",
        "loop1",
        "me",
        "up",
        "here",
        "hidden",
        "dangling",
        "dangling-out",
        "..",
        "..",
        ".",
        "",
        ".git",
        ".GIT",
        "new",
        "[id]",
        "page.tsx",
        "*",
        "**",
        "*.rs",
        "[ab]",
        "{a,b}",
        "{link,b}",
        "{up,a/..}",
        "repo",
        "outside",
        "secret",
        "cafe\u{301}",
        "caf\u{e9}",
        "back\\slash",
        "a\\..",
        "..\\",
        "port:1",
        "x:y:z",
        "~",
        "!a",
        "[[]id]",
        "{a,b}.txt",
        "a**b",
        "[",
        "}",
        "{",
        "not",
        "x.rs",
        "é*",
        "[*]",
    ];
    let parts = collection::vec(sample::select(names.to_vec()), 1..6);
    (parts, sample::select(vec!["", "", "", "/", "ROOT/", "./"]))
        .prop_map(|(parts, start)| format!("{start}{}", parts.join("/")))
}

#[test]
fn no_spelling_leads_outside_and_what_is_shown_resolves_to_the_same() {
    let tree = Tree::new();
    let root = tree.repo.root.clone();
    let real = root.to_str().expect("plain").to_owned();
    let config = proptest::test_runner::Config { cases: 4000, ..Default::default() };

    proptest!(config, |(asked in spelling())| {
        let asked = asked.replace("ROOT", &real);
        let is = truth(&tree.repo, &asked);
        let Ok(target) = tree.repo.resolve(&asked) else { return Ok(()) };
        let again = tree.get(&target.shown);
        assert_eq!(again, target, "{asked:?} was shown as {:?}", target.shown);
        assert_eq!(stored(target.kind, &target.key), target);
        if matches!(target.kind, Kind::File | Kind::Folder) {
            let named = root.join(&target.shown);
            let end = deepest_existing(&named);
            assert!(end.starts_with(&root), "{asked:?} leads to {end:?}");
            assert!(!end.starts_with(root.join(".git")), "{asked:?} leads to {end:?}");
            if let Some(is) = is {
                let below = is.strip_prefix(&root).expect("it was not refused");
                let name: String = below.to_str().expect("plain").nfc().collect();
                let key = target.key.trim_start_matches("./").trim_end_matches('/');
                assert_eq!(key, name, "{asked:?}");
            }
        }
    });
}

#[test]
fn what_the_system_opens_outside_is_refused() {
    let tree = Tree::new();
    let config = proptest::test_runner::Config { cases: 4000, ..Default::default() };

    proptest!(config, |(asked in spelling())| {
        let root = &tree.repo.root;
        let asked = asked.replace("ROOT", root.to_str().expect("plain"));
        if let Some(end) = truth(&tree.repo, &asked)
            && (!end.starts_with(root) || end.starts_with(root.join(".git")))
        {
            let found = tree.repo.resolve_file(&asked);
            assert!(found.is_err(), "{asked:?} opens {end:?} and was taken for {found:?}");
        }
    });
}

#[test]
fn a_git_folder_of_another_name_is_closed_too() {
    let tree = Tree::new();
    let git_dir = tree.repo.root.join("data");
    let repo = Repo { git_dir: Some(git_dir), ..plain(&tree.repo.root) };

    assert_eq!(repo.resolve("data/objects").expect_err("it is git's").why.reason(), "inside_git");
    assert_eq!(repo.resolve("data").expect_err("it is git's").why.reason(), "inside_git");
    assert!(repo.resolve("a/f").is_ok());
}

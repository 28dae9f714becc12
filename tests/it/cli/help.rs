//! Help pages, manual pages and completions, for every command.

use coord::cli;

fn pages(command: &mut clap::Command, path: &str, all: &mut Vec<(String, String)>) {
    all.push((path.to_owned(), command.render_long_help().to_string()));
    let names: Vec<String> =
        command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in names {
        let below = command.find_subcommand_mut(&name).expect("it was just listed");
        pages(below, &format!("{path} {name}"), all);
    }
}

fn all_pages() -> Vec<(String, String)> {
    let mut tree = cli::tree();
    tree.build();
    let mut all = Vec::new();
    pages(&mut tree, "coord", &mut all);
    all
}

#[test]
fn the_help_reads_as_it_did() {
    let whole: String =
        all_pages().iter().map(|(path, page)| format!("=== {path}\n\n{page}\n")).collect();
    insta::assert_snapshot!(whole);
}

#[test]
fn every_page_has_an_example_and_fits_the_screen() {
    for (path, page) in all_pages() {
        assert!(page.contains("Example"), "{path} has no example");
        for line in page.lines() {
            assert!(line.chars().count() <= 80, "{path}: {line}");
        }
    }
}

#[test]
fn the_command_tree_has_no_contradictions() {
    cli::tree().debug_assert();
}

#[test]
fn every_command_has_a_manual_page() {
    let pages = cli::man::pages().expect("pages are written to memory");
    let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), all_pages().len());
    for name in ["coord.1", "coord-locks-release.1", "coord-audit-verify.1"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for (name, page) in &pages {
        assert!(page.contains(".SH NAME"), "{name}");
    }
}

#[test]
fn every_shell_gets_completions_that_know_the_commands() {
    use clap_complete::Shell;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
        let script = cli::completions::script(shell);
        for word in ["status", "verify"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_exit_codes_are_these() {
    insta::assert_snapshot!(cli::exit::page(), @r"
    Exit codes of coord:

       0  done
       1  refused: the answer is no, or a check found something; `--json` has its code
       2  usage: the command line could not be understood
       3  no daemon: none runs and none could be started
      70  internal: our own trouble; the daemon's log has the rest

    A refusal has a `code` that does not change: `--json` prints it.
    ");
}

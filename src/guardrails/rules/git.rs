//! Rules about repositories.

use crate::guardrails::rules::Category::Git;
use crate::guardrails::rules::Rule;
use crate::guardrails::rules::Severity::{Block, Log, Warn};

pub const RULES: &[Rule] = &[
    Rule::new("git_force_push", Git, (Block, 3), "overwrites what others have pushed, unseen")
        .safer("git push --force-with-lease")
        .yes(&[
            "git push --force",
            "git push -uf origin x",
            "git push origin +main",
            "git -C . push --mirror",
        ])
        .no(&["git push", "git push --force --dry-run", "git push origin main"]),
    Rule::new("git_force_push_lease", Git, (Warn, 2), "rewrites a pushed branch")
        .yes(&["git push --force-with-lease origin feature"])
        .no(&["git push origin feature"]),
    Rule::new(
        "git_push_protected",
        Git,
        (Block, 4),
        "rewrites or deletes a branch that everybody builds on",
    )
    .yes(&[
        "git push --force-with-lease origin main",
        "git push --force origin main",
        "git push origin +HEAD:main",
        "git push origin :release/1.2",
        "git push -d origin master",
    ])
    .no(&["git push origin HEAD:main"]),
    Rule::new("git_push_delete", Git, (Warn, 2), "deletes a branch or tag on the server")
        .yes(&["git push origin --delete feature", "git push origin :feature"])
        .no(&["git push origin feature"]),
    Rule::new("git_reset_hard", Git, (Block, 3), "throws away all uncommitted work")
        .safer("git reset --keep HEAD")
        .yes(&["git reset --hard", "git -C sub reset --har HEAD~1"])
        .no(&["git reset --soft HEAD~1", "git reset --keep HEAD", "git reset file"]),
    Rule::new("git_clean_force", Git, (Block, 3), "deletes untracked files for good")
        .safer("git clean -nd")
        .yes(&["git clean -fdx", "git clean --force", "git -c clean.requireForce=false clean -d"])
        .no(&["git clean -nfd", "git clean --dry-run"]),
    Rule::new(
        "git_discard_tree",
        Git,
        (Block, 3),
        "throws away the uncommitted work of a whole tree",
    )
    .safer("git stash")
    .yes(&["git checkout -- .", "git restore .", "git switch -f main", "git checkout HEAD -- src/"])
    .no(&["git checkout main", "git restore --staged .", "git switch main"]),
    Rule::new("git_discard_file", Git, (Warn, 2), "throws away uncommitted work in a file")
        .yes(&["git checkout -- src/a.rs", "git restore src/a.rs"])
        .no(&["git restore --staged src/a.rs", "git checkout -b a.rs"]),
    Rule::new("git_stash_clear", Git, (Block, 3), "throws away everything stashed")
        .safer("git stash list")
        .yes(&["git stash clear"])
        .no(&["git stash", "git stash pop", "git stash push -m clear"]),
    Rule::new("git_stash_drop", Git, (Warn, 2), "throws away a stash")
        .yes(&["git stash drop"])
        .no(&["git stash show"]),
    Rule::new("git_branch_delete", Git, (Warn, 2), "deletes a branch even if it is not merged")
        .safer("git branch -d feature")
        .yes(&["git branch -D feature", "git branch -df feature", "git branch --delete --force x"])
        .no(&["git branch -d feature", "git branch -M main", "git branch --show-current"]),
    Rule::new("git_ref_delete", Git, (Warn, 2), "deletes a tag or a ref")
        .yes(&["git tag -d v1", "git update-ref -d refs/heads/x"])
        .no(&["git tag v1", "git tag -l"]),
    Rule::new("git_history_rewrite", Git, (Block, 4), "rewrites the whole history")
        .yes(&["git filter-branch --all", "git filter-repo --path x", "bfg -D x"])
        .no(&["git filter-repo --analyze", "git log"]),
    Rule::new(
        "git_reflog_expire",
        Git,
        (Block, 4),
        "destroys the record that lost commits are found by",
    )
    .yes(&["git reflog expire --expire=now --all", "git reflog delete HEAD@{1}"])
    .no(&["git reflog", "git reflog show"]),
    Rule::new("git_gc_prune", Git, (Warn, 2), "deletes unreachable commits at once")
        .yes(&["git gc --prune=now", "git prune"])
        .no(&["git gc", "git prune -n", "git remote prune origin"]),
    Rule::new(
        "git_worktree_remove_force",
        Git,
        (Block, 3),
        "removes a worktree with its uncommitted work",
    )
    .safer("git worktree remove ../wt")
    .yes(&["git worktree remove --force ../wt"])
    .no(&["git worktree remove ../wt", "git worktree prune"]),
    Rule::new(
        "git_rm_force",
        Git,
        (Warn, 2),
        "deletes files even if they have uncommitted changes",
    )
    .yes(&["git rm -rf src"])
    .no(&["git rm --cached src/a", "git rm src/a"]),
    Rule::new("git_repo_delete", Git, (Block, 4), "deletes a repository on its server")
        .yes(&["gh repo delete o/r --yes", "gh api -X DELETE repos/o/r", "glab repo delete o/r"])
        .no(&["gh repo view o/r", "gh repo clone o/r"]),
    Rule::new("remote_delete", Git, (Warn, 3), "deletes or hides something on a server")
        .yes(&["gh repo archive o/r", "gh gist delete 1"])
        .no(&["gh pr list"]),
    Rule::new("remote_delete_minor", Git, (Log, 2), "deletes a small thing on a server")
        .yes(&["gh run delete 1"])
        .no(&["gh run view 1"]),
    Rule::new("git_dir_write", Git, (Warn, 3), "changes git's own files")
        .yes(&["rm .git/config"])
        .no(&["rm -f .git/index.lock"]),
];

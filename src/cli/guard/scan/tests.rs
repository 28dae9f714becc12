//! Files of each kind, and the lines at which something is found in them.

use super::{Finding, sarif, scan};

fn found(path: &str, text: &str) -> Vec<(usize, String)> {
    scan(path, text).into_iter().map(|one| (one.line, one.rule)).collect()
}

fn at(line: usize, rule: &str) -> (usize, String) {
    (line, rule.to_owned())
}

#[test]
fn a_script_is_judged_line_by_line() {
    let text = "#!/bin/sh\nset -e\n# git push --force\necho 'git push --force'\ngit push --force\n";
    assert_eq!(found("deploy.sh", text), [at(5, "git_force_push")]);
    assert_eq!(found("bin/deploy", text), [at(5, "git_force_push")]);
    assert_eq!(found("notes", "git push --force\n"), []);
}

#[test]
fn a_workflow_s_steps_are_scripts() {
    let text = "on: push\njobs:\n  a:\n    steps:\n      - name: git push --force\n      \
                - run: git push --force\n      - run: |\n          echo ${{ x }}\n          \
                git reset --hard\n      - uses: x\n";
    let path = ".github/workflows/ci.yml";
    assert_eq!(found(path, text), [at(6, "git_force_push"), at(9, "git_reset_hard")]);
}

#[test]
fn a_pipeline_s_lists_are_scripts() {
    let text = "job:\n  before_script:\n    - echo hi\n  script:\n    - 'git push --force'\n    \
                - |\n      git reset --hard\n  stage: git push --force\n";
    let wanted = [at(5, "git_force_push"), at(7, "git_reset_hard")];
    assert_eq!(found(".gitlab-ci.yml", text), wanted);
}

#[test]
fn a_recipe_gets_what_make_knows() {
    let text = "FLAG := --force\nall: x\n\t@echo $(FLAG)\n\t-git push $(FLAG)\n\techo $$HOME\n";
    assert_eq!(found("Makefile", text), [at(4, "git_force_push")]);
}

#[test]
fn an_image_s_own_files_are_its_own_business() {
    let text = "FROM x\nRUN apt-get update && \\\n    rm -rf /var/lib/apt/lists/*\n\
                RUN --mount=type=cache,target=/x git clone y && \\\n    git push --force\n\
                RUN [\"git\", \"push\", \"-f\"]\n";
    let wanted = [at(5, "git_force_push"), at(6, "git_force_push")];
    assert_eq!(found("Dockerfile", text), wanted);
}

#[test]
fn a_package_s_scripts_are_found_at_their_names() {
    let text =
        "{\n  \"name\": \"x\",\n  \"scripts\": {\n    \"up\": \"git push --force\"\n  }\n}\n";
    assert_eq!(found("package.json", text), [at(4, "git_force_push")]);
    assert_eq!(found("package.json", "{ broken"), []);
}

#[test]
fn a_finding_has_its_place_in_the_log() {
    let findings: Vec<Finding> = scan("./a b.sh", "git push --force\n");
    let log = sarif::log(&findings);
    let place = "/runs/0/results/0/locations/0/physicalLocation";
    let get = |pointer: &str| log.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(get(&format!("{place}/artifactLocation/uri")), "a%20b.sh");
    assert_eq!(get(&format!("{place}/region/startLine")), 1);
    assert_eq!(get("/runs/0/results/0/level"), "error");
    assert_eq!(get("/runs/0/tool/driver/rules/0/id"), "git_force_push");
}

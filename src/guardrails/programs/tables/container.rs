//! Container engines and image builders.

use crate::guardrails::programs::table::{Program, fine, row};
use crate::guardrails::programs::tables::program;

const GLOBAL: &str = "-H --host -c --context -l --log-level --config --file -t --tag --filter --build-arg --target \
                      --platform -p --project-name --profile --env-file --project-directory --name --network --scale \
                      -n --namespace --format  --label --timeout";

pub static PROGRAMS: &[Program] = &[
    program(
        "docker podman nerdctl finch",
        GLOBAL,
        &[
            row("push", "image_publish"),
            row("image|manifest push", "image_publish"),
            row("buildx build|bake", "image_publish").with("--push"),
            row("build", "image_publish").with("--push"),
            row("volume rm|remove", "volume_delete"),
            row("volume prune", "volume_delete"),
            row("system prune", "volume_delete").with("--volumes"),
            row("system reset", "volume_delete"),
            row("system|container|image|network|builder|buildx|pod prune", "container_prune"),
            row("compose … down", "volume_delete_minor").with("-v --volumes"),
            row("compose … rm", "volume_delete_minor").with("-v"),
            row("compose … push|publish", "image_publish"),
            row("rm", "volume_delete_minor").with("-v --volumes"),
            row("container rm", "volume_delete_minor").with("-v --volumes"),
            row("stack deploy|up", "kubernetes_apply"),
            row("stack rm|down|remove", "kubernetes_delete"),
            row("service create|update", "kubernetes_apply"),
            row("service rm|remove", "kubernetes_delete"),
            row("service rollback", "deploy_rollback"),
            row("service scale *=0", "kubernetes_scale_zero"),
            row("swarm leave", "kubernetes_delete").with("-f --force"),
            row("secret|config rm|remove", "secret_store_delete"),
            row("context rm", "kubernetes_config"),
            row("machine rm", "volume_delete"),
            fine(""),
        ],
    ),
    program(
        "docker-compose podman-compose",
        GLOBAL,
        &[
            row("… down", "volume_delete_minor").with("-v --volumes"),
            row("… rm", "volume_delete_minor").with("-v"),
            row("… push", "image_publish"),
        ],
    ),
    program(
        "crane",
        "",
        &[row("push|copy|cp|append|mutate|tag", "image_publish"), row("delete", "image_delete")],
    ),
    program(
        "skopeo",
        "--src-creds --dest-creds",
        &[
            row(
                "copy * docker://localhost*|docker://127.*|dir:*|oci:*|docker-archive:*|docker-daemon:*|containers-storage:*",
                "",
            ),
            row("copy", "image_publish"),
            row("sync", "image_publish"),
            row("delete", "image_delete"),
        ],
    ),
    program(
        "oras regctl regclient cosign",
        "",
        &[
            row("push|cp|copy|sign|attest", "image_publish"),
            row("image copy", "image_publish"),
            row("manifest|tag|blob delete|rm", "image_delete"),
        ],
    ),
    program(
        "buildah",
        "-t --tag",
        &[row("push", "image_publish"), row("rm|rmi", "container_prune").with("-a --all")],
    ),
    program(
        "ko kaniko jib",
        "",
        &[
            row("apply|create|delete", "kubernetes_apply"),
            row("publish|build|resolve", "image_publish").without("--local -L --push=false"),
        ],
    ),
    program(
        "ctr nerdctl crictl",
        "-n --namespace",
        &[
            row("… images|image push", "image_publish"),
            row("rmi|rmp", "container_prune").with("-a --all --prune"),
        ],
    ),
    program("lxc incus", "", &[row("delete", "volume_delete")]),
    program(
        "virsh",
        "-c --connect",
        &[row("undefine|destroy|vol-delete|pool-delete|snapshot-delete", "volume_delete")],
    ),
    program(
        "vagrant",
        "--provider",
        &[row("destroy", "volume_delete"), row("box remove", "container_prune")],
    ),
    program("multipass limactl colima", "", &[row("delete|purge", "volume_delete")]),
    program("VBoxManage", "", &[row("unregistervm", "volume_delete").with("--delete")]),
    program(
        "qm pct",
        "",
        &[row("destroy", "volume_delete"), row("delsnapshot|rollback", "deploy_rollback")],
    ),
];

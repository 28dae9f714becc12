//! Clusters and infrastructure as code.

use crate::guardrails::programs::table::{Program, fine, row};
use crate::guardrails::programs::tables::{program, single};

const KUBE: &str = "-n --namespace --context --kubeconfig --cluster --user -s --server -f --filename -l --selector \
                    -o --output -k --kustomize --replicas -c --container --token --field-selector -p --patch --type \
                    --timeout --grace-period --image --from-literal --from-file --as";
const HELM: &str = "-n --namespace --kube-context --kubeconfig -f --values --set --version --timeout --set-string \
                    --set-file --repo --history-max --description -d --destination -o --output";

pub static PROGRAMS: &[Program] = &[
    Program {
        names: "kubectl oc k kubecolor microk8s.kubectl",
        valued: KUBE,
        single: false,
        dry: "",
        rows: &[
            row("delete", "kubernetes_delete"),
            row("apply|create|replace|patch|edit|set|run|expose|autoscale", "kubernetes_apply")
                .without("--local"),
            row("scale", "kubernetes_scale_zero").with("--replicas=0"),
            row("scale", "kubernetes_change"),
            row("rollout restart|undo|pause|resume", "kubernetes_rollout"),
            row("drain", "kubernetes_delete"),
            row("cordon|uncordon|taint|label|annotate", "kubernetes_change"),
            row("config delete-context|delete-cluster|delete-user|unset", "kubernetes_config"),
            row("get secret|secrets", "cluster_secret_read")
                .with("-o=yaml -o=json --output=yaml --output=json"),
            row("get secret|secrets *", "cluster_secret_read").with("-o --output --template"),
            row("adm prune|drain", "kubernetes_delete"),
            row("new-app|rollout|start-build", "kubernetes_apply").with("--follow"),
        ],
    },
    Program {
        names: "helm helm3",
        valued: HELM,
        single: false,
        dry: "",
        rows: &[
            row("uninstall|delete|del|un", "helm_delete"),
            row("install|upgrade", "helm_apply"),
            row("rollback", "deploy_rollback"),
            row("push|cm-push", "image_publish"),
            row("plugin|repo", ""),
        ],
    },
    Program {
        names: "helmfile",
        valued: "-e --environment -f --file -l --selector -n",
        single: false,
        dry: "",
        rows: &[row("destroy|delete", "helm_delete"), row("apply|sync", "helm_apply")],
    },
    Program {
        names: "kustomize kapp skaffold tilt werf devspace garden okteto",
        valued: "-f --file -n --namespace -p --profile -a",
        single: false,
        dry: "--diff-run",
        rows: &[
            row("deploy|run|apply|converge", "kubernetes_apply"),
            row("delete|purge|destroy|dismiss", "kubernetes_delete"),
        ],
    },
    program(
        "argocd",
        "--server --auth-token ",
        &[
            row("app|cluster|proj|repo delete|rm", "kubernetes_delete"),
            row("app sync", "kubernetes_apply"),
            row("app rollback", "deploy_rollback"),
            row("app create|set|patch", "kubernetes_apply"),
        ],
    ),
    program(
        "flux",
        "-n --namespace --context",
        &[
            row("uninstall|delete", "kubernetes_delete"),
            row("reconcile|resume", "kubernetes_rollout"),
            row("bootstrap", "kubernetes_apply"),
        ],
    ),
    program("velero", "", &[row("backup|restore|schedule delete", "kubernetes_delete")]),
    program(
        "istioctl linkerd cilium",
        "",
        &[row("uninstall", "kubernetes_delete"), row("install", "kubernetes_apply")],
    ),
    program(
        "eksctl",
        "-f --name --cluster --region",
        &[row("delete", "cloud_delete"), row("create|scale|upgrade", "infrastructure_apply")],
    ),
    program(
        "kops kubeadm",
        "--name --state",
        &[
            row("delete|reset", "cloud_delete"),
            row("update cluster", "infrastructure_apply").with("--yes"),
        ],
    ),
    program("kind minikube k3d", "--name -p --profile", &[fine("")]),
    Program {
        names: "terraform tofu opentofu terragrunt cdktf terraspace",
        valued: "-chdir -var -var-file -target -state -out -backend-config -parallelism -lock-timeout --terragrunt-working-dir",
        single: true,
        dry: "",
        rows: &[
            row("plan|validate|fmt|init|show|output|graph|providers|console|get|version|test", ""),
            row("run-all|stack|run … destroy", "infrastructure_destroy"),
            row("run-all|stack|run … apply", "infrastructure_apply"),
            row("destroy", "infrastructure_destroy"),
            row("apply|deploy", "infrastructure_destroy").with("-destroy"),
            row("apply|deploy", "infrastructure_apply"),
            row("state rm|push|replace-provider", "infrastructure_state"),
            row("workspace delete", "infrastructure_destroy"),
            row("force-unlock|taint|import|untaint|refresh", "infrastructure_state"),
            row("state mv", "infrastructure_state"),
        ],
    },
    program(
        "pulumi",
        "-s --stack -C --cwd -c --config --color",
        &[
            row("up|update", "infrastructure_apply"),
            row("destroy|down", "infrastructure_destroy"),
            row("stack rm", "infrastructure_destroy"),
            row("state delete", "infrastructure_state"),
            row("cancel|refresh|import", "infrastructure_state"),
            row("config set", "ci_secret").with("--secret"),
        ],
    ),
    program(
        "cdk cdklocal",
        "--profile -c --context -a --app --require-approval",
        &[
            row("deploy|bootstrap", "infrastructure_apply"),
            row("destroy", "infrastructure_destroy"),
            row("rollback", "deploy_rollback"),
        ],
    ),
    program(
        "sam chalice copilot zappa up",
        "--stack-name --region --profile -t",
        &[
            row("… deploy|sync|update", "infrastructure_apply"),
            row("… delete|undeploy", "infrastructure_destroy"),
            row("rollback", "deploy_rollback"),
        ],
    ),
    program(
        "serverless sls sst",
        "-s --stage -r --region -c --config --aws-profile -f",
        &[
            row("deploy", "infrastructure_apply"),
            row("remove", "infrastructure_destroy"),
            row("rollback", "deploy_rollback"),
        ],
    ),
    program(
        "ansible-playbook",
        "-i --inventory -e --extra-vars -l --limit -t --tags -u --user --vault-password-file",
        &[row("*", "ansible_run")
            .without("-C --check --syntax-check --list-tasks --list-hosts --list-tags")],
    ),
    program("ansible-vault", "", &[row("edit|encrypt|decrypt|rekey|create", "credentials_file")]),
    program(
        "salt",
        "-C -L",
        &[row("* state.apply|state.highstate", "ansible_run").without("test=True")],
    ),
    program(
        "puppet chef-client knife",
        "",
        &[
            row("apply|agent", "ansible_run"),
            row("node|client|cookbook delete|bulk", "cloud_delete"),
            row("* delete", "cloud_delete"),
        ],
    ),
    Program {
        names: "nomad",
        valued: "-address -namespace -region -token",
        single: true,
        dry: "",
        rows: &[
            row("job run|start", "kubernetes_apply"),
            row("run", "kubernetes_apply"),
            row("job stop|purge", "kubernetes_delete"),
            row("stop", "kubernetes_delete"),
            row("namespace|volume|acl delete", "kubernetes_delete"),
            row("system gc", "kubernetes_change"),
            row("job revert", "deploy_rollback"),
        ],
    },
    Program {
        names: "consul",
        valued: "-http-addr -token",
        single: true,
        dry: "",
        rows: &[
            row("kv delete", "cluster_delete").with("-recurse"),
            row("kv delete", "keys_delete"),
            row("leave|force-leave", "kubernetes_change"),
        ],
    },
    single("packer", "-var -var-file", &[row("build", "image_publish")]),
    program(
        "waypoint dagger earthly",
        "-w -p",
        &[
            row("up|deploy|release", "infrastructure_apply"),
            row("destroy", "infrastructure_destroy"),
            row("…", "image_publish").with("--push"),
        ],
    ),
    program(
        "crossplane clusterctl",
        "",
        &[row("delete", "kubernetes_delete"), row("init|move", "kubernetes_apply")],
    ),
];

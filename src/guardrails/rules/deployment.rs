//! Rules about what runs or is published elsewhere.

use crate::guardrails::rules::Category::Deployment;
use crate::guardrails::rules::Rule;
use crate::guardrails::rules::Severity::{Block, Log, Warn};

pub const RULES: &[Rule] = &[
    Rule::new("deploy_command", Deployment, (Block, 3), "deploys")
        .safer("make -n deploy")
        .yes(&[
            "npm run deploy",
            "make deploy",
            "./deploy.sh",
            "bash scripts/deploy.sh prod",
            "cap production deploy",
        ])
        .no(&["make -n deploy", "./deploy.sh --dry-run", "npm run build", "cat deploy.sh"]),
    Rule::new("deploy_staging", Deployment, (Warn, 2), "deploys to a place for trying things")
        .yes(&["npm run deploy:staging", "./deploy.sh staging"])
        .no(&["npm run test:staging"]),
    Rule::new("deploy_trigger", Deployment, (Warn, 2), "starts a deployment elsewhere")
        .yes(&["gh workflow run deploy.yml"])
        .no(&["gh workflow run ci.yml", "gh workflow list"]),
    Rule::new("push_to_deploy", Deployment, (Warn, 2), "deploys by pushing")
        .yes(&["git push heroku main"])
        .no(&["git push origin main"]),
    Rule::new("deploy_rollback", Deployment, (Warn, 3), "takes a deployment back")
        .yes(&["helm rollback app 1", "vercel rollback"])
        .no(&["helm history app"]),
    Rule::new("cloud_deploy", Deployment, (Block, 3), "deploys to a cloud or hosting platform")
        .yes(&[
            "fly deploy",
            "vercel --prod",
            "gcloud run deploy x",
            "wrangler deploy",
            "netlify deploy --prod",
        ])
        .no(&["vercel dev", "wrangler dev", "wrangler deploy --dry-run", "netlify build"]),
    Rule::new(
        "cloud_delete",
        Deployment,
        (Block, 4),
        "deletes something that runs or is stored in a cloud",
    )
    .yes(&[
        "aws ec2 terminate-instances --instance-ids i-1",
        "gcloud compute instances delete x",
        "heroku apps:destroy x",
        "az group delete -n x",
    ])
    .no(&["aws ec2 describe-instances", "gcloud compute instances list"]),
    Rule::new("cloud_change", Deployment, (Warn, 3), "changes something that runs in a cloud")
        .yes(&["aws ec2 stop-instances --instance-ids i-1", "heroku ps:restart"])
        .no(&["heroku ps"]),
    Rule::new(
        "bucket_delete",
        Deployment,
        (Block, 4),
        "deletes a bucket or a tree of stored objects",
    )
    .yes(&[
        "aws s3 rb s3://b --force",
        "aws s3 rm s3://b --recursive",
        "gsutil -m rm -r gs://b",
        "rclone purge r:b",
    ])
    .no(&["aws s3 rm s3://b --recursive --dryrun", "aws s3 cp a s3://b"]),
    Rule::new(
        "bucket_mirror",
        Deployment,
        (Warn, 2),
        "deletes stored objects that the source does not have",
    )
    .yes(&["aws s3 sync . s3://b --delete"])
    .no(&["aws s3 sync . s3://b"]),
    Rule::new("infrastructure_apply", Deployment, (Block, 3), "changes real infrastructure")
        .safer("terraform plan")
        .yes(&[
            "terraform apply",
            "terraform -chdir=x apply -auto-approve",
            "pulumi up",
            "cdk deploy",
        ])
        .no(&["terraform plan", "pulumi preview", "cdk diff"]),
    Rule::new("infrastructure_destroy", Deployment, (Block, 4), "destroys real infrastructure")
        .safer("terraform plan -destroy")
        .yes(&["terraform destroy", "terraform apply -destroy", "pulumi destroy", "cdk destroy"])
        .no(&["terraform plan -destroy"]),
    Rule::new(
        "infrastructure_state",
        Deployment,
        (Warn, 3),
        "changes what is known of real infrastructure",
    )
    .yes(&["terraform state rm a.b"])
    .no(&["terraform state list"]),
    Rule::new("ansible_run", Deployment, (Block, 3), "changes machines")
        .safer("ansible-playbook --check site.yml")
        .yes(&["ansible-playbook site.yml"])
        .no(&["ansible-playbook --check site.yml"]),
    Rule::new("kubernetes_apply", Deployment, (Block, 3), "changes what a cluster runs")
        .safer("kubectl diff -f a.yaml")
        .yes(&["kubectl apply -f a.yaml", "kubectl -n x create -f a.yaml"])
        .no(&[
            "kubectl apply -f a.yaml --dry-run=client",
            "kubectl diff -f a.yaml",
            "kubectl get pods",
        ]),
    Rule::new("kubernetes_delete", Deployment, (Block, 4), "deletes from a cluster")
        .safer("kubectl delete pod x --dry-run=client")
        .yes(&["kubectl delete ns x", "kubectl --context p -n q delete pod x"])
        .no(&["kubectl delete pod x --dry-run=server", "kubectl logs x"]),
    Rule::new("kubernetes_scale_zero", Deployment, (Block, 3), "stops everything of a service")
        .yes(&["kubectl scale deploy/x --replicas=0", "fly scale count 0"])
        .no(&["kubectl get deploy"]),
    Rule::new("kubernetes_change", Deployment, (Warn, 2), "changes a running service")
        .yes(&["kubectl scale deploy/x --replicas=3"])
        .no(&["kubectl describe deploy/x"]),
    Rule::new("kubernetes_rollout", Deployment, (Warn, 2), "restarts a service or takes it back")
        .yes(&["kubectl rollout undo deploy/x", "kubectl rollout restart deploy/x"])
        .no(&["kubectl rollout status deploy/x"]),
    Rule::new("kubernetes_config", Deployment, (Log, 2), "removes access to a cluster or host")
        .yes(&["kubectl config delete-context x"])
        .no(&["kubectl config view"]),
    Rule::new("helm_apply", Deployment, (Block, 3), "installs or upgrades a release in a cluster")
        .safer("helm template app ./chart")
        .yes(&["helm upgrade --install app ./chart", "helmfile sync"])
        .no(&["helm template app ./chart", "helm upgrade app ./chart --dry-run", "helm list"]),
    Rule::new("helm_delete", Deployment, (Block, 4), "removes a release from a cluster")
        .yes(&["helm uninstall app"])
        .no(&["helm status app"]),
    Rule::new("image_publish", Deployment, (Block, 3), "publishes an image")
        .yes(&["docker push r/x", "docker buildx build --push .", "podman push x"])
        .no(&["docker build .", "docker pull x"]),
    Rule::new("image_delete", Deployment, (Block, 4), "deletes a published image")
        .yes(&["skopeo delete docker://r/x"])
        .no(&["skopeo inspect docker://r/x"]),
    Rule::new("volume_delete", Deployment, (Block, 4), "deletes volumes with their data")
        .safer("docker volume ls")
        .yes(&["docker volume rm x", "docker system prune -af --volumes", "docker volume prune"])
        .no(&["docker volume ls", "docker volume create x"]),
    Rule::new(
        "volume_delete_minor",
        Deployment,
        (Warn, 2),
        "deletes a project's volumes with their data",
    )
    .yes(&["docker compose down -v", "docker-compose down --volumes"])
    .no(&["docker compose down"]),
    Rule::new(
        "container_prune",
        Deployment,
        (Warn, 2),
        "deletes all containers or images not in use",
    )
    .yes(&["docker system prune -f", "docker image prune -a"])
    .no(&["docker ps"]),
    Rule::new(
        "npm_publish",
        Deployment,
        (Block, 3),
        "publishes a package to everybody, or takes it away",
    )
    .safer("npm publish --dry-run")
    .yes(&["npm publish", "yarn npm publish", "pnpm -r publish", "npm unpublish a --force"])
    .no(&["npm publish --dry-run", "npm pack"]),
    Rule::new("package_publish", Deployment, (Block, 3), "publishes a package to everybody")
        .safer("cargo publish --dry-run")
        .yes(&[
            "cargo publish",
            "twine upload dist/x",
            "python -m twine upload x",
            "gem push a.gem",
            "mvn deploy",
            "dotnet nuget push x",
        ])
        .no(&["cargo publish --dry-run", "cargo build", "twine check x", "gem build x"]),
    Rule::new("package_yank", Deployment, (Warn, 3), "withdraws a package or changes who owns it")
        .yes(&["cargo yank --version 1.0.0 x", "npm deprecate a b", "gem yank a -v 1"])
        .no(&["cargo search x"]),
    Rule::new("release_create", Deployment, (Warn, 2), "publishes a release")
        .yes(&["gh release create v1"])
        .no(&["gh release list", "gh release create v1 --draft"]),
    Rule::new("release_delete", Deployment, (Warn, 3), "deletes a published release")
        .yes(&["gh release delete v1"])
        .no(&["gh release view v1"]),
];

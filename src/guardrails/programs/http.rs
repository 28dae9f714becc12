//! Requests that delete or deploy on somebody else's machine.
//!
//! Not here: secrets sent along (`programs::credential`).

use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::Machine;
use crate::guardrails::machine::run::Call;
use crate::guardrails::programs::hit;

/// Judges an HTTP client's call.
pub fn judge(
    machine: &mut Machine<'_>,
    call: &Call<'_>,
    _env: &mut crate::guardrails::machine::Env,
) {
    let opts = Opts::parse(
        call.args,
        "-X --request -d --data --data-raw --data-binary -H --header -o --output -u --user -F --form -A -b -c \
         -e -m -w -T --method --body-data --post-data -K --url --retry --max-time --json --data-urlencode",
    );
    let method = opts.value("-X --request --method").unwrap_or("").to_ascii_uppercase();
    let method = if method.is_empty() && matches!(call.name, "http" | "https" | "xh") {
        opts.operand(0).to_ascii_uppercase()
    } else {
        method
    };
    let urls = opts.operands.iter().map(|arg| arg.text.as_str()).chain(opts.value("--url"));
    for url in urls.filter(|url| url.contains('/') || url.contains('.')) {
        let body = opts
            .values("-d --data --data-raw --data-binary --json --body-data --post-data")
            .join(" ");
        if let Some(rule) = rule_for(&method, url, &body) {
            hit(machine, rule, call);
        }
    }
}

fn rule_for(method: &str, url: &str, body: &str) -> Option<&'static str> {
    let bare = url.split("://").nth(1).unwrap_or(url);
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    let path = path.split('?').next().unwrap_or("");
    let host = host.rsplit('@').next().unwrap_or(host);
    if path.contains("_delete_by_query") && (body.is_empty() || body.contains("match_all")) {
        return Some("cluster_delete");
    }
    if host.contains("hooks.") && path.contains("deploy")
        || path.contains("/deploy_hook")
        || path.starts_with("deploy/")
    {
        return Some("deploy_trigger");
    }
    if path.ends_with("/dispatches") && (path.contains("deploy") || body.contains("deploy")) {
        return Some("deploy_trigger");
    }
    if body.to_ascii_uppercase().contains("DROP TABLE")
        || body.to_ascii_uppercase().contains("TRUNCATE TABLE")
    {
        return if host.contains(":8123") { Some("drop_table") } else { None };
    }
    if method != "DELETE" {
        return None;
    }
    if host.ends_with(":9200") || host.contains("elastic") || host.contains("opensearch") {
        let index = path.trim_end_matches('/');
        return (!index.contains("/_doc/")).then_some("cluster_delete");
    }
    deleted(host, path)
}

/// The rule that a `DELETE` of this address breaks.
fn deleted(host: &str, path: &str) -> Option<&'static str> {
    if host == "api.github.com" || path.starts_with("api/v4/projects/") {
        let deep = path.trim_end_matches('/').split('/').count();
        let refs = path.contains("/git/refs/") || path.contains("/branches/");
        return if refs {
            Some("git_push_delete")
        } else if deep <= 3 && path.starts_with("repos/") || deep <= 4 && path.starts_with("api/v4")
        {
            Some("git_repo_delete")
        } else {
            Some("remote_delete")
        };
    }
    let local = host.starts_with("localhost")
        || host.starts_with("127.")
        || host.starts_with("[::1]")
        || host.starts_with("0.0.0.0");
    if local {
        return (path.starts_with("api/v1/namespaces") || path.starts_with("apis/"))
            .then_some("kubernetes_delete");
    }
    let cloud = [
        "digitalocean.com",
        "heroku.com",
        "cloudflare.com",
        "vercel.com",
        "netlify.com",
        "hetzner.cloud",
        "linode.com",
        "googleapis.com",
        "management.azure.com",
        "hub.docker.com",
        "render.com",
        "fly.io",
        "amazonaws.com",
    ];
    if cloud.iter().any(|known| host.ends_with(known)) {
        return Some("cloud_delete");
    }
    host.starts_with("api.").then_some("remote_delete")
}

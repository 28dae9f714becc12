//! Turns the address of a remote into the name of what it leads to.
//!
//! - Every way to write the same address gives the same name.
//! - A name holds no user, password, token, query or fragment.
//!
//! Not here: following an address to a folder of this machine (`identity`).

/// Where the address of a remote leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// To a host: `github.com/acme/app`.
    Hosted(String),
    /// To a folder of this machine, as written.
    Local(String),
    /// To something that gives no dependable name.
    Unknown,
}

const NAME_CHARS: usize = 500;
/// Hosts that take `Acme/App` and `acme/app` for one repository.
const CASELESS_HOSTS: [&str; 3] = ["github.com", "gitlab.com", "bitbucket.org"];
/// Other names of those hosts, for networks that let only port 443 through.
const ALIASES: [(&str, &str); 4] = [
    ("ssh.github.com", "github.com"),
    ("www.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
];

/// The name behind an address as git writes it: URL, `user@host:path` or path.
pub fn normalise(address: &str) -> Remote {
    let address = address.trim();
    if address.is_empty() || address.chars().any(char::is_control) {
        return Remote::Unknown;
    }
    if let Some((scheme, rest)) = address.split_once("://") {
        return from_url(&scheme.to_ascii_lowercase(), rest);
    }
    if address.contains("::") && !address.contains('[') {
        return Remote::Unknown; // a remote helper's own syntax
    }
    from_scp(address)
}

fn from_url(scheme: &str, rest: &str) -> Remote {
    let web = match scheme {
        "file" => return local_url(rest),
        "http" | "https" | "git+https" | "git+http" => true,
        "ssh" | "git" | "git+ssh" | "ssh+git" => false,
        _ => return Remote::Unknown,
    };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = split_port(host);
    // The port of a web server tells servers apart; that of ssh is one of two
    // doors to the same house, and the web address does not mention it.
    let port = match (web, scheme, port) {
        (false, ..) | (_, _, "") | (_, "https" | "git+https", "443") => "",
        (_, "http" | "git+http", "80") => "",
        (.., port) => port,
    };
    name(host, port, &decode(path))
}

fn local_url(rest: &str) -> Remote {
    let path = rest.strip_prefix("localhost/").map_or(rest.to_owned(), |path| format!("/{path}"));
    let path = decode(&path);
    if path.starts_with('/') { Remote::Local(path) } else { Remote::Unknown }
}

/// `[user@]host:path`; anything else that is not a URL is a folder.
fn from_scp(address: &str) -> Remote {
    if let Some((inside, path)) = address.strip_prefix('[').and_then(|a| a.split_once("]:")) {
        return from_brackets(inside, path);
    }
    let head = address.split('/').next().unwrap_or(address);
    // A password may hold a colon, so users go before the host is looked for.
    let start = head.rfind('@').map_or(0, |at| at + 1);
    let bare = address.get(start..).unwrap_or(address);
    if let Some((inside, path)) = bare.strip_prefix('[').and_then(|a| a.split_once("]:")) {
        return from_brackets(inside, path);
    }
    match bare.split_once(':') {
        Some((host, path)) if !host.contains('/') && host.len() > 1 => name(host, "", path),
        _ => Remote::Local(address.to_owned()),
    }
}

/// `user@host:port` has one colon, an IPv6 address several.
fn from_brackets(inside: &str, path: &str) -> Remote {
    let host = inside.rsplit_once('@').map_or(inside, |(_, host)| host);
    let host = if host.matches(':').count() == 1 { split_port(host).0 } else { host };
    name(host, "", path)
}

fn split_port(host: &str) -> (&str, &str) {
    if let Some(inside) = host.strip_prefix('[') {
        let (host, after) = inside.split_once(']').unwrap_or((inside, ""));
        return (host, after.trim_start_matches(':'));
    }
    host.split_once(':').unwrap_or((host, ""))
}

fn name(host: &str, port: &str, path: &str) -> Remote {
    let host = host.trim_end_matches('.').to_lowercase();
    let host = ALIASES.iter().find(|(alias, _)| *alias == host).map_or(&*host, |(_, real)| real);
    let path = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    let path = path.collect::<Vec<_>>().join("/");
    let path = path.strip_suffix(".git").unwrap_or(&path).trim_end_matches('/');
    let caseless = CASELESS_HOSTS.contains(&host);
    let path = if caseless { path.to_lowercase() } else { path.to_owned() };
    let colon = if port.is_empty() { "" } else { ":" };
    let name = format!("{host}{colon}{port}/{path}");
    let strange = name.chars().any(char::is_control) || name.chars().count() > NAME_CHARS;
    if host.is_empty() || path.is_empty() || strange {
        return Remote::Unknown;
    }
    Remote::Hosted(name)
}

/// Undoes `%41`; what does not decode to text stays as it is.
fn decode(path: &str) -> String {
    if !path.contains('%') {
        return path.to_owned();
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).filter(|_| *first == b'%');
        let hex = hex.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

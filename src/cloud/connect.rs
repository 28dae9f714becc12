//! Opens a connection to Postgres itself, which only an administrator's commands do.
//!
//! - Over the network always encrypted, and the server proves who it is: by the system's certificates or a given one.
//!   `sslmode=disable` in the URL is the one way around it, and stands there for all to see.
//! - The URL holds a password: no error repeats it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may take to stand.
const PATIENCE: Duration = Duration::from_secs(15);

/// Connects to the database of `url`; `ca` is a file with certificates that may vouch for it as well.
///
/// # Errors
/// What is wrong with the URL or the file, or why nobody answers there.
pub fn connect(url: &str, ca: Option<&Path>) -> anyhow::Result<Client> {
    // The library's message may quote what it could not read.
    let parsed: Result<Config, _> = url.parse();
    let mut config = parsed.map_err(|_quoted| {
        anyhow::anyhow!(
            "that is no database URL; expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        )
    })?;
    ensure!(!config.get_hosts().is_empty(), "the database URL names no host");
    config.connect_timeout(PATIENCE).application_name("coord");
    let local = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
    if local || config.get_ssl_mode() == SslMode::Disable {
        return config.connect(NoTls).context("failed to connect to the database");
    }
    config.ssl_mode(SslMode::Require);
    config.connect(MakeRustlsConnect::new(trust(ca)?)).context("failed to connect to the database")
}

/// Whom to believe.
fn trust(ca: Option<&Path>) -> anyhow::Result<rustls::ClientConfig> {
    let more = match ca {
        None => vec![],
        Some(file) => CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .with_context(|| format!("failed to read certificates from {}", file.display()))?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge =
        rustls_platform_verifier::Verifier::new_with_extra_roots(more, Arc::clone(&provider))
            .context("failed to read the system's certificates")?;
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("failed to prepare an encrypted connection")?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::connect;

    #[test]
    fn no_error_repeats_a_password() {
        for url in [
            "postgresql://me:hunter2@",
            "postgresql://me:hunter2@host:port/db",
            "hunter2",
            "postgresql://me:hunter2@127.0.0.1:1/db",
        ] {
            let Err(error) = connect(url, None) else { panic!("nobody is there") };
            assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:#}");
        }
    }
}

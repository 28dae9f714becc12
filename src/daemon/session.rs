//! One connection, from its hello to its end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rmcp::ServiceExt as _;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::sync::CancellationToken;

use super::Daemon;
use super::gate;
use super::socket;
use crate::mcp;
use crate::seat::Seat;
use crate::wire::{HELLO, Hello, LINE_MAX, PROTOCOL, Reply, Request, Role, SORRY, Sorry};

/// A peer that says nothing for so long is not one of ours.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// Longest hello, in bytes.
const HELLO_MAX: usize = 64 << 10;

/// Serves one connection.
///
/// # Errors
/// What broke it; the others do not notice.
pub async fn serve(
    daemon: Arc<Daemon>,
    stream: UnixStream,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    socket::check_peer(&stream)?;
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let line = tokio::time::timeout(HELLO_WITHIN, line(&mut read, HELLO_MAX))
        .await
        .context("a peer connected and said nothing")??;
    let Some(line) = line else { return Ok(()) };
    let hello: Hello = line
        .strip_prefix(HELLO)
        .and_then(|json| serde_json::from_str(json).ok())
        .context("a peer did not say hello")?;
    if hello.protocol != PROTOCOL || daemon.is_older_than(&hello) {
        return turn_away(&daemon, &hello, &mut write).await;
    }
    let repo = daemon.repo_at(&hello.cwd).await;
    let role = hello.role;
    let settings = daemon.settings_at(&repo.root, &hello);
    daemon.note_mode(&repo, settings.local).await;
    if let Some(arbiter) = daemon.service.arbiter().filter(|_| settings.arbitrated) {
        arbiter.remember(&repo.project, settings.decides_offline);
    }
    let seat = Seat::take(Arc::clone(&daemon.service), hello, repo, settings).await;
    let seat = Arc::new(seat.map_err(|failure| anyhow::anyhow!("{failure}"))?);
    daemon.sit_down(&seat);
    let served = match role {
        Role::Mcp => speak_mcp(Arc::clone(&seat), read, write, stop).await,
        Role::Cli | Role::Hook => speak_plainly(&daemon, &seat, read, write, stop).await,
    };
    daemon.get_up(&seat).await;
    served
}

/// A peer of another version: make way for a newer one, or say why not.
async fn turn_away(
    daemon: &Daemon,
    hello: &Hello,
    write: &mut OwnedWriteHalf,
) -> anyhow::Result<()> {
    let newer = hello.protocol > PROTOCOL || daemon.is_older_than(hello);
    let (code, message) = if newer {
        ("daemon_is_older", "the daemon makes way for a newer version".to_owned())
    } else {
        let mine = env!("CARGO_PKG_VERSION");
        let message = format!(
            "this process is coord {}, the daemon is {mine}: start your agent again to use the newer one",
            hello.version
        );
        ("process_is_older", message)
    };
    let sorry = Sorry { code: code.into(), message, version: env!("CARGO_PKG_VERSION").into() };
    write.write_all(format!("{SORRY}{}\n", serde_json::to_string(&sorry)?).as_bytes()).await?;
    write.shutdown().await?;
    if newer {
        daemon.make_way_for(hello);
    }
    Ok(())
}

async fn speak_mcp(
    seat: Arc<Seat>,
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let server = mcp::Server::new(seat);
    match server.serve_with_ct(gate::between(read, write), stop.clone()).await {
        Ok(running) => drop(running.waiting().await?),
        Err(_) if stop.is_cancelled() => {}
        // A client that goes before it has said anything is no trouble.
        Err(error) => tracing::debug!("a connection ended before it began: {error}"),
    }
    Ok(())
}

/// Requests and replies of our own processes, in order.
async fn speak_plainly(
    daemon: &Daemon,
    seat: &Seat,
    mut read: BufReader<OwnedReadHalf>,
    mut write: OwnedWriteHalf,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let text = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            text = line(&mut read, LINE_MAX) => text?,
        };
        let Some(text) = text else { return Ok(()) };
        let request: Request =
            serde_json::from_str(&text).context("a request could not be read")?;
        let gone = CancellationToken::new();
        let place = match &request.at {
            Some(at) => {
                let repo = daemon.repo_at(at).await;
                let settings = daemon.settings_at(&repo.root, seat.hello());
                daemon.note_mode(&repo, settings.local).await;
                Some((repo, settings))
            }
            None => None,
        };
        let ctx = seat.context_of(&request, place).await;
        let ctx = ctx.map_err(|failure| anyhow::anyhow!("{failure}"))?;
        let call = daemon.service.call(ctx, &request.tool, request.arguments, &gone);
        let reply = Reply { id: request.id, answer: call.await };
        write.write_all(format!("{}\n", serde_json::to_string(&reply)?).as_bytes()).await?;
    }
}

/// One line without its end; `None` at the end of the stream.
///
/// # Errors
/// When the line is longer than `max`, is not UTF-8, or the stream breaks.
async fn line(
    read: &mut (impl AsyncBufRead + Unpin),
    max: usize,
) -> anyhow::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let chunk = read.fill_buf().await?;
        if chunk.is_empty() {
            ensure!(bytes.is_empty(), "the stream ended in the middle of a line");
            return Ok(None);
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let take = end.unwrap_or(chunk.len());
        bytes.extend_from_slice(&chunk[..take]);
        read.consume(take + usize::from(end.is_some()));
        ensure!(bytes.len() <= max, "a line is longer than {max} bytes");
        if end.is_some() {
            return Ok(Some(String::from_utf8(bytes).context("a line is not UTF-8")?));
        }
    }
}

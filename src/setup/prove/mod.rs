//! Whether a client that was wired is kept apart from others, tried out and not believed.
//!
//! - Exactly what the client's files say is started, with what the client would hand it.
//! - It happens in a scratch home and a scratch repository: nothing of the user's is touched.
//!
//! Not here: what the files say (`configured`), what is printed (`cli::doctor`).

pub mod hook;
pub mod scratch;
pub mod server;
pub mod trust;

use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long one step may take.
const LIMIT: Duration = Duration::from_secs(15);

/// What a process said before it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs a command to its end, with `input`; kills it at the limit.
fn run(command: &mut Command, input: &str) -> io::Result<Said> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not listen is judged by what it says.
        stdin.write_all(input.as_bytes()).ok();
    }
    let (tell, told) = mpsc::channel();
    let outputs = [pipe(child.stdout.take(), tell.clone()), pipe(child.stderr.take(), tell)];
    let ended = (0..2).all(|_| told.recv_timeout(LIMIT).is_ok());
    if !ended {
        end(&mut child);
        return Err(io::Error::new(io::ErrorKind::TimedOut, "it did not end in time"));
    }
    let [stdout, stderr] = outputs.map(|one| one.join().unwrap_or_default());
    Ok(Said { code: child.wait()?.code(), stdout, stderr })
}

fn pipe(
    from: Option<impl io::Read + Send + 'static>,
    done: mpsc::Sender<()>,
) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(from) = from {
            // What was said before an error still counts.
            from.take(1 << 20).read_to_end(&mut bytes).ok();
        }
        done.send(()).ok();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Ends a child that we started.
fn end(child: &mut Child) {
    // One that has ended by itself is as good.
    child.kill().ok();
    child.wait().ok();
}

/// The first line of what a process complained of, for a sentence.
fn complaint(said: &Said) -> String {
    let line = said.stderr.lines().map(str::trim).find(|line| !line.is_empty());
    match (line, said.code) {
        (Some(line), _) => line.to_owned(),
        (None, Some(code)) => format!("it ended with {code} and said nothing"),
        (None, None) => "it was killed".to_owned(),
    }
}

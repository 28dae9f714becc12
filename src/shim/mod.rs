//! `coord mcp`: carries an agent's MCP lines between its standard streams and the daemon.
//!
//! - It says hello and understands almost nothing of what it carries.
//! - A daemon that goes away is started again; the conversation is taken up where
//!   it was, and what was not answered is asked again. The daemon recognises what
//!   it had already done, so nothing is done twice.
//! - Two threads, no runtime: it must start fast and stay small.

mod book;

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::client::{self, ClientError};
use crate::home::Home;
use crate::os;
use crate::wire::{LINE_MAX, Role, SORRY, Sorry};
use book::Book;

/// How long answers are awaited after the client has closed its end.
const LINGER: Duration = Duration::from_secs(2);
/// Between two looks at whether the answers have come.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// JSON-RPC code for "the daemon cannot be had"; outside the reserved range.
const UNREACHABLE: i32 = 1001;

struct Shim {
    home: Home,
    instance: String,
    book: Mutex<Book>,
    /// Held while anything is written to the daemon, and all through a new start.
    daemon: Mutex<Option<UnixStream>>,
    leaving: AtomicBool,
    asked: Condvar,
}

/// Carries lines until the client closes its end.
///
/// # Errors
/// When the daemon turns us away for good.
pub fn run(home: Home) -> Result<(), ClientError> {
    let shim = Arc::new(Shim {
        home,
        instance: uuid::Uuid::now_v7().to_string(),
        book: Mutex::default(),
        daemon: Mutex::default(),
        leaving: AtomicBool::new(false),
        asked: Condvar::new(),
    });
    let stream = shim.connect();
    let reading = Arc::clone(&shim);
    let reader = std::thread::Builder::new()
        .name("from-daemon".into())
        .stack_size(256 << 10)
        .spawn(move || reading.carry_answers(stream))?;
    let asking = Arc::clone(&shim);
    std::thread::Builder::new()
        .name("from-client".into())
        .stack_size(256 << 10)
        .spawn(move || asking.carry_requests())?;
    match reader.join() {
        Ok(ended) => ended,
        Err(_panicked) => Err(ClientError::Broken(std::io::Error::other("the shim has failed"))),
    }
}

impl Shim {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds a daemon, and says to it what must be said.
    fn connect(&self) -> Result<UnixStream, ClientError> {
        let mut daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        loop {
            let stream = client::connect(&self.home)?;
            match self.greet(&stream) {
                Ok(()) => {
                    *daemon = Some(stream.try_clone()?);
                    return Ok(stream);
                }
                // A daemon that is about to stop still takes connections, and drops them.
                Err(_) if start.elapsed() < client::START_WITHIN => std::thread::sleep(LOOK_EVERY),
                Err(error) => return Err(error),
            }
        }
    }

    fn greet(&self, mut stream: &UnixStream) -> Result<(), ClientError> {
        let (pending, again) = {
            let mut book = self.book();
            (book.pending(), book.again())
        };
        let mut said =
            client::hello_line(&client::hello(Role::Mcp, &self.instance, pending))?.into_bytes();
        said.extend(again);
        stream.write_all(&said)?;
        Ok(())
    }

    /// Client to daemon, until the client closes its end.
    fn carry_requests(&self) {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        loop {
            match read_line(&mut input, &mut line) {
                Ok(Line::Whole) => self.ask(&line),
                Ok(Line::TooLong) => refuse_long_line(),
                Ok(Line::End) | Err(_) => break,
            }
        }
        self.leave();
    }

    fn ask(&self, line: &[u8]) {
        let daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        self.book().asked(line);
        if let Some(mut stream) = daemon.as_ref() {
            // If this fails, the other thread notices and asks a new daemon.
            drop(stream.write_all(line));
        }
        self.asked.notify_all();
    }

    /// Waits a moment for what was asked, then closes our end too.
    fn leave(&self) {
        let start = Instant::now();
        let parent = os::parent_pid();
        while !self.book().pending().is_empty()
            && start.elapsed() < LINGER
            && os::parent_pid() == parent
        {
            std::thread::sleep(LOOK_EVERY);
        }
        self.leaving.store(true, Ordering::SeqCst);
        let daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = daemon.as_ref() {
            // A stream that is closed already needs no closing.
            drop(stream.shutdown(Shutdown::Both));
        }
        self.asked.notify_all();
    }

    /// Daemon to client, from one daemon to the next.
    fn carry_answers(
        &self,
        mut stream: Result<UnixStream, ClientError>,
    ) -> Result<(), ClientError> {
        while !self.leaving.load(Ordering::SeqCst) {
            match stream {
                Ok(open) => self.carry_from(&open)?,
                Err(error) => self.answer_for_the_daemon(&error),
            }
            if self.leaving.load(Ordering::SeqCst) {
                break;
            }
            stream = self.connect();
        }
        Ok(())
    }

    /// Carries one daemon's lines until it goes away.
    fn carry_from(&self, stream: &UnixStream) -> Result<(), ClientError> {
        let mut lines = BufReader::with_capacity(32 << 10, stream);
        let mut line = Vec::new();
        while let Ok(Line::Whole) = read_line(&mut lines, &mut line) {
            if let Some(json) = line.strip_prefix(SORRY.as_bytes()) {
                return self.turned_away(json);
            }
            if self.book().answered(&line) && write_out(&line).is_err() {
                self.leaving.store(true, Ordering::SeqCst);
            }
        }
        // Wakes a writer that is stuck on it.
        drop(stream.shutdown(Shutdown::Both));
        Ok(())
    }

    /// An older daemon makes way and is followed; a newer one does not speak to us.
    fn turned_away(&self, json: &[u8]) -> Result<(), ClientError> {
        let sorry: Sorry = serde_json::from_slice(json)?;
        if sorry.code == "daemon_is_older" {
            std::thread::sleep(Duration::from_millis(50));
            return Ok(());
        }
        let error = ClientError::TurnedAway { code: sorry.code, message: sorry.message };
        self.answer_for_the_daemon(&error);
        self.leaving.store(true, Ordering::SeqCst);
        Err(error)
    }

    /// No daemon can be had: says so to whoever asked, and waits for the next question.
    fn answer_for_the_daemon(&self, error: &ClientError) {
        let mut book = self.book();
        for id in book.give_up() {
            let message = serde_json::json!(format!(
                "daemon_unreachable: {error}. `coord doctor` says what to do."
            ));
            let line = format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{UNREACHABLE},\"message\":{message}}}}}\n"
            );
            drop(write_out(line.as_bytes()));
        }
        while book.pending().is_empty() && !self.leaving.load(Ordering::SeqCst) {
            book = self.asked.wait(book).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn write_out(line: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(line)?;
    out.flush()
}

fn refuse_long_line() {
    let line = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{{\"code\":-32600,\"message\":\"a message is longer than {LINE_MAX} bytes\"}}}}\n"
    );
    drop(write_out(line.as_bytes()));
}

enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads a line with its end into `line`, skipping one that is too long.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Line> {
    line.clear();
    input.take(LINE_MAX as u64 + 1).read_until(b'\n', line)?;
    match line.last() {
        None => Ok(Line::End),
        Some(b'\n') => Ok(Line::Whole),
        Some(_) if line.len() <= LINE_MAX => {
            line.push(b'\n');
            Ok(Line::Whole)
        }
        Some(_) => {
            skip_line(input)?;
            Ok(Line::TooLong)
        }
    }
}

fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let chunk = input.fill_buf()?;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let (skip, done) =
            (end.map_or(chunk.len(), |at| at + 1), end.is_some() || chunk.is_empty());
        input.consume(skip);
        if done {
            return Ok(());
        }
    }
}

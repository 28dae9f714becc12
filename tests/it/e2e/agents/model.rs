//! A model that the test plays: it listens on the loopback like the three makers' own,
//! hands each turn to the test, and gives back whatever tool call the test decides on.
//!
//! A request that offers no tools is the client's own housekeeping (a title, a count)
//! and is answered at once.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::dialect::{Call, Dialect};

/// A client takes so long to start, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// The listening side; it ends with the test's process.
pub struct Model {
    pub port: u16,
    turns: Receiver<Turn>,
}

/// It is the model's turn.
pub struct Turn {
    pub dialect: Dialect,
    pub body: Value,
    answer: Sender<Vec<Call>>,
}

impl Model {
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, turns) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                std::thread::spawn(move || serve(&stream, &sender));
            }
        });
        Self { port, turns }
    }

    /// The next turn; `None` if the client asks for none in time.
    pub fn turn(&self) -> Option<Turn> {
        self.turns.recv_timeout(PATIENCE).ok()
    }
}

impl Turn {
    /// What the client showed the model since its last turn.
    pub fn shown(&self) -> String {
        self.dialect.shown(&self.body)
    }

    /// Everything in the request: instructions, tools, the whole conversation.
    pub fn everything(&self) -> String {
        super::dialect::texts(&self.body)
    }

    /// Ends the turn with a call; with none, the model is done.
    pub fn answer(self, calls: Vec<Call>) {
        // A client that was killed does not listen.
        drop(self.answer.send(calls));
    }
}

/// One request; the connection is not used again.
fn serve(stream: &TcpStream, turns: &Sender<Turn>) {
    let Some((method, path, body)) = read(stream) else { return };
    if method != "POST" {
        return write(stream, "application/json", &json!({ "data": [], "models": [] }).to_string());
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let Some(dialect) = Dialect::of(&path) else {
        return write(
            stream,
            "application/json",
            &json!({ "input_tokens": 1, "totalTokens": 1 }).to_string(),
        );
    };
    let offers_tools = body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    let calls = if offers_tools { ask(turns, dialect, body.clone()) } else { Vec::new() };
    let (kind, text) = dialect.reply(&path, &body, &calls);
    write(stream, kind, &text);
}

fn ask(turns: &Sender<Turn>, dialect: Dialect, body: Value) -> Vec<Call> {
    let (answer, answered) = channel();
    let told = turns.send(Turn { dialect, body, answer });
    told.ok().and_then(|()| answered.recv().ok()).unwrap_or_default()
}

/// Method, path without its query, body.
fn read(stream: &TcpStream) -> Option<(String, String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = path.split('?').next().unwrap_or_default().to_owned();
    Some((method, path, body))
}

fn write(mut stream: &TcpStream, kind: &str, text: &str) {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    // A client that was killed does not listen.
    drop(stream.write_all(format!("{head}{text}").as_bytes()));
}

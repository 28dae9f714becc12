//! What a shim remembers of the conversation it carries: enough to take it up
//! again with another daemon, and no more.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The parts of a JSON-RPC line that matter here.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// A conversation's state.
#[derive(Default)]
pub struct Book {
    initialize: Option<(String, Vec<u8>)>,
    initialized: Option<Vec<u8>>,
    subscriptions: Vec<(String, Vec<u8>)>,
    in_flight: Vec<(String, Vec<u8>)>,
    swallow: Option<String>,
}

impl Book {
    /// Notes a line from the client.
    pub fn asked(&mut self, line: &[u8]) {
        let Ok(peek) = serde_json::from_slice::<Peek<'_>>(line) else { return };
        let Some(method) = peek.method else { return };
        match (&*method, peek.id.and_then(canonical)) {
            ("notifications/initialized", None) => self.initialized = Some(line.to_vec()),
            (method, Some(id)) => {
                match method {
                    "initialize" => self.initialize = Some((id.clone(), line.to_vec())),
                    "resources/subscribe" => {
                        self.subscriptions.push((uri(peek.params), line.to_vec()));
                    }
                    "resources/unsubscribe" => {
                        let gone = uri(peek.params);
                        self.subscriptions.retain(|(uri, _)| *uri != gone);
                    }
                    _ => {}
                }
                self.in_flight.push((id, line.to_vec()));
            }
            _ => {}
        }
    }

    /// Notes a line from the daemon; false if the client must not see it, because
    /// it answers what was only said again to a new daemon.
    pub fn answered(&mut self, line: &[u8]) -> bool {
        let Ok(peek) = serde_json::from_slice::<Peek<'_>>(line) else { return true };
        let (None, Some(id)) = (peek.method, peek.id.and_then(canonical)) else { return true };
        if let Some(at) = self.in_flight.iter().position(|(waiting, _)| *waiting == id) {
            self.in_flight.remove(at);
            return true;
        }
        if self.swallow.as_ref() == Some(&id) {
            self.swallow = None;
            return false;
        }
        // Answers to subscriptions that were taken up again.
        !self.subscriptions.iter().any(|(_, line)| id_of(line).as_ref() == Some(&id))
    }

    /// The requests that were sent and not answered.
    pub fn pending(&self) -> Vec<String> {
        self.in_flight.iter().map(|(id, _)| id.clone()).collect()
    }

    /// Gives up every request that was not answered.
    pub fn give_up(&mut self) -> Vec<String> {
        self.in_flight.drain(..).map(|(id, _)| id).collect()
    }

    /// What must be said to a new daemon, in order.
    pub fn again(&mut self) -> Vec<u8> {
        let mut lines = Vec::new();
        if let Some((id, line)) = &self.initialize
            && !self.in_flight.iter().any(|(waiting, _)| waiting == id)
        {
            self.swallow = Some(id.clone());
            lines.extend_from_slice(line);
            lines.extend(self.initialized.iter().flatten());
            for (_, line) in &self.subscriptions {
                let pending = id_of(line);
                if !self.in_flight.iter().any(|(id, _)| Some(id) == pending.as_ref()) {
                    lines.extend_from_slice(line);
                }
            }
        }
        lines.extend(self.in_flight.iter().flat_map(|(_, line)| line));
        lines
    }
}

fn id_of(line: &[u8]) -> Option<String> {
    serde_json::from_slice::<Peek<'_>>(line).ok()?.id.and_then(canonical)
}

/// The id as the daemon writes it, however the client has escaped it.
fn canonical(id: &RawValue) -> Option<String> {
    let value: Value = serde_json::from_str(id.get()).ok()?;
    (!value.is_null()).then(|| value.to_string())
}

fn uri(params: Option<&RawValue>) -> String {
    let value =
        params.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()).unwrap_or_default();
    value.get("uri").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<&str> {
        std::str::from_utf8(bytes).expect("lines are text").lines().collect()
    }

    #[test]
    fn a_new_daemon_is_told_the_beginning_and_what_is_open_and_the_client_sees_no_second_answer() {
        let mut book = Book::default();
        let init = b"{\"id\":0,\"method\":\"initialize\"}\n";
        let call = b"{\"id\":\"a\\u0062\",\"method\":\"tools/call\"}\n";
        book.asked(init);
        assert!(book.answered(b"{\"id\":0,\"result\":{}}"));
        book.asked(b"{\"method\":\"notifications/initialized\"}\n");
        book.asked(call);
        assert_eq!(book.pending(), ["\"ab\""]);

        let again = book.again();
        assert_eq!(lines(&again).len(), 3);
        assert!(!book.answered(b"{\"id\":0,\"result\":{}}"), "the client has had this answer");
        assert!(book.answered(b"{\"id\":\"ab\",\"result\":{}}"));
        assert!(book.pending().is_empty());
    }

    #[test]
    fn a_beginning_that_was_not_answered_is_sent_once() {
        let mut book = Book::default();
        book.asked(b"{\"id\":0,\"method\":\"initialize\"}\n");
        assert_eq!(lines(&book.again()).len(), 1);
        assert!(book.answered(b"{\"id\":0,\"result\":{}}"));
    }
}

//! A network that does everything that networks do, by lot.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use coord_sync::{Reply, Transport};
use serde_json::Value;

use super::model::Server;

pub struct Network {
    pub server: Rc<RefCell<Server>>,
    pub token: String,
    pub dice: fastrand::Rng,
    /// Of a hundred requests so many meet trouble.
    pub faults: u32,
    /// Requests that are still under way.
    late: Vec<(&'static str, Value, String)>,
}

impl Network {
    pub fn new(server: Rc<RefCell<Server>>, token: &str, seed: u64, faults: u32) -> Self {
        let dice = fastrand::Rng::with_seed(seed);
        Self { server, token: token.into(), dice, faults, late: vec![] }
    }

    fn arrive(&self, function: &str, request: &Value, token: &str) -> Reply {
        // Through text, as it would go.
        let request: Value = serde_json::from_str(&request.to_string()).unwrap();
        let (status, answer) = self.server.borrow_mut().call(function, &request, token);
        Reply { status, retry_after: None, body: answer.to_string() }
    }

    fn trouble(&mut self, function: &'static str, request: &Value) -> Result<Reply, String> {
        let token = self.token.clone();
        match self.dice.u32(0..8) {
            0 => Err("connection refused".into()),
            1 => {
                self.arrive(function, request, &token);
                Err("connection reset".into())
            }
            2 => {
                self.arrive(function, request, &token);
                Ok(self.arrive(function, request, &token))
            }
            3 => {
                self.late.push((function, request.clone(), token));
                Err("timed out".into())
            }
            4 => {
                let mut reply = self.arrive(function, request, &token);
                let middle = reply.body.len() / 2;
                let half = (0..=middle).rev().find(|at| reply.body.is_char_boundary(*at));
                let half = half.unwrap_or(0);
                reply.body.truncate(half);
                Ok(reply)
            }
            5 if function == "coord_push" && size(request) > 1 => {
                let code = *self.dice.choice(&["57014", "PT413"]).unwrap();
                Ok(said(500, &format!(r#"{{"code":"{code}","message":"too much"}}"#)))
            }
            _ => {
                let (status, body) = *self.dice.choice(&SAYINGS).unwrap();
                if self.dice.bool() {
                    self.arrive(function, request, &token);
                }
                Ok(said(status, body))
            }
        }
    }
}

/// What services say when they are unwell.
const SAYINGS: [(u16, &str); 10] = [
    (401, r#"{"message":"Invalid API key"}"#),
    (429, r#"{"code":"PT429","message":"slow down"}"#),
    (500, r#"{"code":"40P01","message":"deadlock detected"}"#),
    (500, r#"{"code":"XX000","message":"internal error"}"#),
    (503, r#"{"code":"53300","message":"too many connections"}"#),
    (504, r#"{"code":"PGRST003","message":"timed out acquiring a connection"}"#),
    (404, r#"{"code":"PGRST202","message":"no such function"}"#),
    (200, "<!DOCTYPE html><html>Welcome to our network</html>"),
    (540, "<html>This project is paused</html>"),
    (200, r#"{"status":"ok"}"#),
];

fn size(request: &Value) -> i64 {
    request["last"].as_i64().unwrap_or(0) - request["first"].as_i64().unwrap_or(0) + 1
}

fn said(status: u16, body: &str) -> Reply {
    let retry_after = (status == 429).then(|| Duration::from_secs(3));
    Reply { status, retry_after, body: body.into() }
}

impl Transport for Network {
    async fn call(&mut self, function: &'static str, request: &Value) -> Result<Reply, String> {
        if !self.late.is_empty() && self.dice.bool() {
            let at = self.dice.usize(0..self.late.len());
            let (function, request, token) = self.late.swap_remove(at);
            // Nobody waits for its answer any more.
            self.arrive(function, &request, &token);
        }
        if self.dice.u32(0..100) < self.faults {
            return self.trouble(function, request);
        }
        Ok(self.arrive(function, request, &self.token))
    }

    fn identify(&mut self, token: &str) {
        self.token = token.into();
    }
}

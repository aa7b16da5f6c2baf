//! How a plugin and Core Lightning talk: JSON-RPC 2.0 over two pipes, each message with two line breaks behind it.

use std::{
    io::{self, Read, Write},
    sync::Mutex,
    thread,
};

use serde_json::{Deserializer, Value, json};

/// The answer to a call.
pub(super) type Answer = Result<Value, Refusal>;

/// Why a call is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The number of the error.
    pub(super) code: i64,
    /// The sentence that a person reads.
    pub(super) message: String,
}

/// Answers calls until the input ends, several at a time: a name that is slow keeps no other waiting.
///
/// What has no `id` is a notification and gets no answer.
///
/// # Errors
/// The input is no JSON, or the output cannot be written.
pub(super) fn serve(
    input: impl Read,
    output: impl Write + Send,
    answer: &(dyn Fn(&str, &Value) -> Answer + Sync),
) -> io::Result<()> {
    let output = Mutex::new(output);
    thread::scope(|scope| {
        for call in Deserializer::from_reader(input).into_iter::<Value>() {
            let call = call.map_err(io::Error::other)?;
            let Some(id) = call.get("id").cloned() else {
                continue;
            };
            let output = &output;
            scope.spawn(move || {
                let method = call
                    .get("method")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let parameters = call.get("params").unwrap_or(&Value::Null);
                let reply = match answer(method, parameters) {
                    Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
                    Err(Refusal { code, message }) => {
                        let error = json!({"code": code, "message": message});
                        json!({"jsonrpc": "2.0", "id": id, "error": error})
                    }
                };
                // If it cannot be written, Core Lightning is gone, and the input ends.
                let _ = write(output, &reply);
            });
        }
        Ok(())
    })
}

fn write(output: &Mutex<impl Write>, reply: &Value) -> io::Result<()> {
    // Nothing that holds it leaves half a message behind, except where the pipe itself is broken.
    let mut output = output
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    write!(output, "{reply}\n\n")?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_answered_by_their_ids_and_notifications_are_not() {
        let calls = concat!(
            r#"{"jsonrpc":"2.0","id":"cli:good#1","method":"good","params":{}}"#,
            "\n\n",
            r#"{"jsonrpc":"2.0","method":"good","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"bad","params":[]}"#,
        );
        let mut output = Vec::new();
        let refusal = Refusal {
            code: -1,
            message: "no".to_owned(),
        };
        serve(calls.as_bytes(), &mut output, &|method, _| match method {
            "good" => Ok(json!({"yes": true})),
            _ => Err(refusal.clone()),
        })
        .unwrap();
        let text = String::from_utf8(output).unwrap();
        let mut replies: Vec<Value> = text
            .split_terminator("\n\n")
            .map(|reply| serde_json::from_str(reply).unwrap())
            .collect();
        replies.sort_by_key(|reply| reply["id"].is_string());
        assert_eq!(
            replies,
            [
                json!({"jsonrpc": "2.0", "id": 7, "error": {"code": -1, "message": "no"}}),
                json!({"jsonrpc": "2.0", "id": "cli:good#1", "result": {"yes": true}}),
            ]
        );
    }

    #[test]
    fn what_is_no_json_ends_it() {
        let mut output = Vec::new();
        assert!(serve(&b"hello"[..], &mut output, &|_, _| Ok(Value::Null)).is_err());
    }
}

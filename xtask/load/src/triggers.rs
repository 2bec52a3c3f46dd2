//! The triggers of custom sign-in, behind the Invoke API of AWS Lambda: one question, whose answer is always 42.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a right answer says.
pub const ANSWER: &str = "42";

pub fn lambda_config() -> Value {
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    json!({
        "DefineAuthChallenge": arn("define"),
        "CreateAuthChallenge": arn("create"),
        "VerifyAuthChallengeResponse": arn("verify"),
    })
}

/// Answers on that address for as long as the process lives.
pub async fn serve(address: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("no triggers on {address}"))?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // A caller that goes away is no concern of the next one.
                let _ = answer_all(stream).await;
            });
        }
    });
    Ok(())
}

async fn answer_all(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::with_capacity(16_384);
    loop {
        let (body_at, length) = loop {
            if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = std::str::from_utf8(&received[..end])?.to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                break (end + 4, length.context("a request without a length")?.trim().parse::<usize>()?);
            }
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        };
        while received.len() < body_at + length {
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        }
        let body = answer(serde_json::from_slice(&received[body_at..body_at + length])?).to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await?;
        received.drain(..body_at + length);
    }
}

/// The event with its response filled in.
fn answer(mut event: Value) -> Value {
    let source = event["triggerSource"].as_str().unwrap_or_default().to_owned();
    event["response"] = match source.as_str() {
        "DefineAuthChallenge_Authentication" => {
            let answered = event["request"]["session"].as_array().is_some_and(|session| !session.is_empty());
            json!({ "challengeName": "CUSTOM_CHALLENGE", "issueTokens": answered, "failAuthentication": false })
        }
        "CreateAuthChallenge_Authentication" => json!({
            "publicChallengeParameters": { "question": "six by seven" },
            "privateChallengeParameters": { "answer": ANSWER },
            "challengeMetadata": "ARITHMETIC",
        }),
        _ => {
            let right = event["request"]["challengeAnswer"] == event["request"]["privateChallengeParameters"]["answer"];
            json!({ "answerCorrect": right })
        }
    };
    event
}

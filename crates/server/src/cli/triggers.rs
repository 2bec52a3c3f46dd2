//! `cognate triggers`: events to write functions against, and functions tried with them.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use cognate_shapes::error::Error;
use serde_json::{Value, json};

use super::{Failed, Of};
use crate::clock::Clock;
use crate::config::{Config, Log, LogFormat, WEBHOOK_URL, is_webhook, without_password};
use crate::outbound::{Outbound, Webhook};
use crate::rng::Rng;
use crate::triggers::encryption_sdk::WrappingKey;
use crate::triggers::{Failure, Target, Targets, Trigger, invoke, samples};

const EXAMPLES: &str = "\
Examples:
  cognate triggers events                                    The triggers there are
  cognate triggers events PreSignUp > event.json             An event to write a function against
  cognate triggers test PreSignUp --target 'node check.mjs'  Try a program that reads the event and prints it back";

const EVENTS_EXAMPLES: &str = "\
Examples:
  cognate triggers events                         The triggers there are
  cognate triggers events PreSignUp > event.json  An event to write a function against";

const TEST_EXAMPLES: &str = "\
Examples:
  A program, which reads the event on standard input and prints it back with `response` filled in:
    cognate triggers test PreSignUp --target 'node check.mjs'

  A webhook, whose calls are signed with the secret in a file:
    cognate triggers test PreSignUp --target https://hooks.example.com/check \\
      --secret-file check.secret

  A function of SAM local or LocalStack:
    cognate triggers test PostConfirmation --set triggers.endpoint=http://127.0.0.1:3001 \\
      --target arn:aws:lambda:us-east-1:000000000000:function:Welcome

  What the configuration has for an ARN, with an event of one's own:
    cognate triggers test PreTokenGeneration --config prod.toml --event event.json \\
      --target arn:aws:lambda:…

Exit code 0: the answer would be taken. 1: it would be refused; what callers would see is shown.";

/// Print the events that triggers send, and try functions with them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Triggers {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the event of a trigger; without one, the triggers there are
    #[command(after_help = EVENTS_EXAMPLES)]
    Events {
        /// The trigger whose event is printed
        #[arg(ignore_case = true)]
        trigger: Option<Trigger>,
    },
    /// Call a function as the server would, and show what comes back or why it would be refused
    Test(Test),
}

#[derive(Debug, Args)]
#[command(after_help = TEST_EXAMPLES)]
struct Test {
    /// The trigger that the function is for
    #[arg(ignore_case = true)]
    trigger: Trigger,

    /// What to call: a function's ARN, the URL of a webhook, or a command for the shell
    #[arg(long, value_name = "ARN|URL|COMMAND")]
    target: String,

    /// File with the event, `-` for standard input; without it, the one that `cognate triggers events` prints
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,

    /// File with the secret that signs calls of a webhook's URL
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    of: Of,
}

impl Triggers {
    pub(super) async fn run(self) -> Result<(), Failed> {
        match self.verb {
            Verb::Events { trigger: None } => print(Trigger::ALL.map(Trigger::name).join("\n")),
            Verb::Events { trigger: Some(trigger) } => print(pretty(&samples::event(trigger))),
            Verb::Test(test) => return test.run().await,
        }
        Ok(())
    }
}

impl Test {
    async fn run(self) -> Result<(), Failed> {
        let config = self.of.config()?;
        // What a program says on its standard error is worth reading here.
        crate::log::start(&Log { format: LogFormat::Text, level: "info".to_owned() })?;
        let targets = Targets::new(&config)?;
        let outbound = Outbound::new(&config)?;
        let target = self.target(&targets)?;
        let mut notes = Vec::new();
        let event = match &self.event {
            Some(path) => read_event(path, self.trigger)?,
            None => sample(self.trigger, &config, &mut notes)?,
        };
        let began = Instant::now();
        let at_most = config.triggers.max_response_bytes;
        let called = invoke::call(&outbound, &Clock::System, &target, at_most, self.trigger, &event).await;
        let took = began.elapsed();
        let called = called.and_then(|answer| match self.trigger.judge(&event, &answer) {
            Ok(()) => Ok(answer),
            Err(error) => Err(Failure::judged(error)),
        });
        for name in called.iter().flat_map(|answer| self.trigger.unread(&event, answer)) {
            notes.push(format!("response.{name} is not read: an answer to this event has no such member"));
        }
        let outcome = Outcome { trigger: self.trigger, target: &target, took, called, notes };
        print(if self.json { outcome.json().to_string() } else { outcome.text() });
        if outcome.called.is_ok() { Ok(()) } else { Err(Failed::silent()) }
    }

    fn target(&self, targets: &Targets) -> Result<Target, Failed> {
        let text = &self.target;
        if text.starts_with("arn:") {
            return targets.resolve(text).ok_or_else(|| Failed::new(format!("{text} is not the ARN of a function")));
        }
        if !text.starts_with("https://") && !text.starts_with("http://") {
            return Ok(Target::Command(vec!["sh".to_owned(), "-c".to_owned(), text.clone()]));
        }
        let Some(path) = &self.secret_file else {
            return Err(Failed::new("a webhook's calls are signed: name the file with its secret by --secret-file"));
        };
        if !is_webhook(text) {
            return Err(Failed::new(format!("a webhook's URL {WEBHOOK_URL}")));
        }
        Webhook::new(text, None, Some(path)).map(Target::Webhook).map_err(Failed::new)
    }
}

/// A call and what came of it.
struct Outcome<'a> {
    trigger: Trigger,
    target: &'a Target,
    took: Duration,
    called: Result<Value, Failure>,
    notes: Vec<String>,
}

impl Outcome<'_> {
    fn text(&self) -> String {
        let name = self.trigger.name();
        let took = self.took.as_millis();
        let mut out = format!("{name}: {}\n", where_it_is(self.target));
        for note in &self.notes {
            let _ = writeln!(out, "Note: {note}");
        }
        match &self.called {
            Ok(Value::Null) => {
                let _ = write!(out, "Taken after {took} ms. Nothing else is expected of this trigger.");
            }
            Ok(answer) => {
                let response = pretty(&answer["response"]);
                let _ = write!(out, "Answered after {took} ms. The answer would be taken. Its response:\n\n{response}");
            }
            Err(failure) => {
                let error = self.seen(failure);
                let _ = write!(
                    out,
                    "Refused after {took} ms: {}\n\nCallers would see {}: {}",
                    why(failure),
                    error.code.as_str(),
                    error.message
                );
            }
        }
        out
    }

    /// What callers of the API see. Of a migration that does not come about they learn only that nobody has that name.
    fn seen(&self, failure: &Failure) -> Error {
        if self.trigger == Trigger::UserMigration { Error::user_not_found() } else { failure.error(self.trigger) }
    }

    fn json(&self) -> Value {
        let mut shown = json!({
            "trigger": self.trigger.name(),
            "target": where_it_is(self.target),
            "milliseconds": self.took.as_millis() as u64,
            "notes": self.notes,
        });
        match &self.called {
            Ok(answer) => shown["answer"] = answer.clone(),
            Err(failure) => {
                let error = self.seen(failure);
                shown["error"] = json!({ "code": error.code.as_str(), "message": error.message, "why": why(failure) });
            }
        }
        shown
    }
}

/// What went wrong, for whoever writes the function.
fn why(failure: &Failure) -> &str {
    match failure {
        Failure::Function(_) => "the function refused, with a message of its own",
        Failure::Invocation { detail, .. } | Failure::Answer { detail, .. } => detail,
    }
}

fn where_it_is(target: &Target) -> String {
    match target {
        Target::Lambda { endpoint, arn, .. } => format!("{arn} at {endpoint}"),
        Target::Webhook(webhook) => format!("webhook {}", without_password(webhook.url())),
        Target::Command(command) => format!("program {}", command.last().map_or("", String::as_str)),
    }
}

/// The event of the trigger, a sender's code encrypted as the server would.
fn sample(trigger: Trigger, config: &Config, notes: &mut Vec<String>) -> Result<Value, Failed> {
    let mut event = samples::event(trigger);
    if trigger.is_told() {
        match WrappingKey::new(config)? {
            WrappingKey::Raw(key) => {
                event["request"]["code"] = key.encrypt(&Rng::System, samples::POOL, samples::CODE).into();
            }
            WrappingKey::Kms { .. } => {
                notes.push("request.code is not encrypted here: that needs triggers.encryption_key_file".to_owned());
            }
        }
    }
    Ok(event)
}

fn read_event(path: &Path, trigger: Trigger) -> Result<Value, Failed> {
    let failed = |error: &dyn std::fmt::Display| Failed::new(format!("{}: {error}", path.display()));
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map_err(|error| failed(&error))?;
    } else {
        text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    }
    let event: Value = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    if !event.is_object() {
        return Err(failed(&"an event is a JSON object"));
    }
    if !trigger.sends(&event) {
        let source = &event["triggerSource"];
        return Err(failed(&format!("triggerSource is {source}, and this is no event of {}", trigger.name())));
    }
    Ok(event)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn print(text: String) {
    // Whoever reads may have closed the pipe, as `head` does.
    let _ = std::io::stdout().write_all((text + "\n").as_bytes());
}

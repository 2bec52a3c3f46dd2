//! What an operation is: its request, its caller, its answer, the errors it may give, and what it does.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;

use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::{Described, Input, Output, Shape, input};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::access::{self, Principal};
use crate::context::Context;
use crate::threat;
use crate::tokens::verify;
use crate::visit::{Origin, Visit};

/// One operation of the API. The request is `Self`.
pub trait Operation: Input + Send + Sync + 'static {
    /// Who may call: [`Public`], [`TokenHolder`] or [`Iam`].
    type Caller: Caller<Self>;
    type Output: Answer + Send;
    /// The codes botocore's model lists for the operation.
    const ERRORS: &[Code];

    fn call(self, cx: &Context, caller: Self::Caller) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// What an operation asks of its caller, as `docs/operations.md` and the model test name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// Anyone: the request carries its own proof, or needs none.
    Public,
    /// Whoever holds a valid access token.
    TokenHolder,
    /// A principal whose SigV4 signature and policies allow the action.
    Iam,
}

/// What stands before a call: the evidence of a request, checked for `Op`.
pub trait Caller<Op>: Sized + Send {
    const KIND: CallerKind;

    fn admit(
        cx: &Context,
        op: &Op,
        origin: Origin,
        principal: Option<Principal>,
    ) -> impl Future<Output = Result<Self>> + Send;
}

/// Anyone.
#[derive(Debug)]
pub struct Public {
    pub origin: Origin,
}

impl<Op: Sync> Caller<Op> for Public {
    const KIND: CallerKind = CallerKind::Public;

    async fn admit(_: &Context, _: &Op, origin: Origin, _: Option<Principal>) -> Result<Self> {
        Ok(Self { origin })
    }
}

/// The user whose access token came with the request; the token is genuine, unexpired, unrevoked and has the scope
/// `aws.cognito.signin.user.admin`, the user exists and is enabled, and the address is none that is blocked.
#[derive(Debug)]
pub struct TokenHolder {
    pub origin: Origin,
    pub bearer: verify::Bearer,
}

/// A request that carries an access token.
pub trait HoldsToken {
    fn access_token(&self) -> &str;
}

impl<Op: HoldsToken + Operation> Caller<Op> for TokenHolder {
    const KIND: CallerKind = CallerKind::TokenHolder;

    async fn admit(cx: &Context, op: &Op, origin: Origin, _: Option<Principal>) -> Result<Self> {
        let bearer = verify::access_token(cx, op.access_token()).await.map_err(|error| match error.code {
            // Not every operation can say that the user is gone.
            Code::UserNotFound if !Op::ERRORS.contains(&Code::UserNotFound) => Error::access_token_revoked(),
            _ => error,
        })?;
        let visit = Visit::public(&origin, &bearer.client, None, None);
        threat::admit(cx, &bearer.pool, &bearer.client, &visit).await?;
        Ok(Self { origin, bearer })
    }
}

/// A principal of an account, allowed to do this.
#[derive(Debug)]
pub struct Iam {
    pub origin: Origin,
    pub principal: Principal,
}

impl<Op: Sync> Caller<Op> for Iam {
    const KIND: CallerKind = CallerKind::Iam;

    async fn admit(_: &Context, _: &Op, origin: Origin, principal: Option<Principal>) -> Result<Self> {
        let principal = principal.ok_or_else(|| Error::internal("an IAM operation was reached without a principal"))?;
        Ok(Self { origin, principal })
    }
}

/// What an operation answers: a body, or none where the model has no output shape.
pub trait Answer {
    /// The output shape, `None` where the model has none.
    fn shape() -> Option<Shape>;
    fn body(&self) -> Result<Vec<u8>>;
}

impl<T: Output> Answer for T {
    fn shape() -> Option<Shape> {
        Some(T::shape())
    }

    fn body(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::internal("an answer did not serialize").caused_by(error))
    }
}

/// The answer of an operation whose output shape has no members: `{}`.
#[derive(Debug, Serialize)]
pub struct Done {}

impl Described for Done {
    fn shape() -> Shape {
        Shape::Structure { members: Vec::new(), sensitive: false }
    }
}

/// The answer of an operation without an output shape: an empty body.
#[derive(Debug)]
pub struct NoBody;

impl Answer for NoBody {
    fn shape() -> Option<Shape> {
        None
    }

    fn body(&self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + Send + 'a>>;

/// An operation as the table of all of them holds it.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The name on the wire, such as `CreateUserPool`.
    pub name: &'static str,
    /// The file of `api/` that holds it.
    pub family: &'static str,
    pub caller: CallerKind,
    pub errors: &'static [Code],
    pub input: fn() -> Shape,
    pub output: fn() -> Option<Shape>,
    pub(super) run: for<'a> fn(&'a Context, Map<String, Value>, Origin, Option<Principal>) -> Running<'a>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl Entry {
    pub const fn of<Op: Operation>(name: &'static str, family: &'static str) -> Self {
        Self {
            name,
            family,
            caller: <Op::Caller as Caller<Op>>::KIND,
            errors: Op::ERRORS,
            input: Op::shape,
            output: <Op::Output as Answer>::shape,
            run: run::<Op>,
        }
    }

    /// The member of the request that names the pool it is about, by id or ARN; `None` where it is about none.
    pub fn names_pool(&self) -> Option<&'static str> {
        static MEMBERS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
            let named = |entry: &Entry| {
                let shape = (entry.input)();
                let has = |name: &&str| shape.members().iter().any(|member| member.name == *name);
                ["UserPoolId", "ResourceArn"].into_iter().find(has).map(|member| (entry.name, member))
            };
            super::OPERATIONS.iter().filter_map(named).collect()
        });
        MEMBERS.get(self.name).copied()
    }
}

/// Reads the request, admits the caller, does the work and writes the answer.
fn run<Op: Operation>(
    cx: &Context,
    body: Map<String, Value>,
    origin: Origin,
    principal: Option<Principal>,
) -> Running<'_> {
    Box::pin(async move {
        let op: Op = input::request(body)?;
        let caller = Op::Caller::admit(cx, &op, origin, principal).await?;
        op.call(cx, caller).await?.body()
    })
}

/// Lists the operations of a family: `operations! { sign_up: SignUp, ConfirmSignUp; … }`.
macro_rules! operations {
    ($($family:ident: $($name:ident),+ $(,)?;)*) => {
        /// Every operation that is built, in the order of the families' files.
        pub static OPERATIONS: &[Entry] = &[
            $($(Entry::of::<super::api::$family::$name>(stringify!($name), stringify!($family)),)+)*
        ];
    };
}
pub(super) use operations;

/// Says that these requests carry an access token in `access_token`.
macro_rules! token_holders {
    ($($name:ident),+ $(,)?) => {$(
        impl $crate::api::operation::HoldsToken for $name {
            fn access_token(&self) -> &str {
                &self.access_token
            }
        }
    )+};
}
pub(crate) use token_holders;

/// Checks the signature of a request to an IAM operation; the other operations ignore signatures.
pub(super) async fn identify(
    cx: &Context,
    entry: &Entry,
    request: &access::Signed<'_>,
) -> Result<Option<access::Identified>> {
    match entry.caller {
        CallerKind::Iam => access::identify(cx, request).await.map(Some),
        CallerKind::Public | CallerKind::TokenHolder => Ok(None),
    }
}

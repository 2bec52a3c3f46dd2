"""A custom sender's code, from the server's event to a confirmed user: opened by the AWS Encryption SDK for Python."""

import base64
import json
import os
import threading
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput
from aws_encryption_sdk import CommitmentPolicy

from shared.dev import ENDPOINT, REGION, messages, ok, refused

SENDER = f"arn:aws:lambda:{REGION}:000000000000:function:send"
KEY_ID = f"arn:aws:kms:{REGION}:000000000000:key/{uuid.uuid4()}"
EVENTS = Queue()

providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
keyring = providers.create_raw_aes_keyring(
    input=CreateRawAesKeyringInput(
        key_namespace="cognate",
        key_name="custom-senders",
        wrapping_key=base64.b64decode(os.environ["COGNATE_SENDER_KEY"]),
        wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
    )
)
sdk = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)

cognito = boto3.client(
    "cognito-idp",
    endpoint_url=ENDPOINT,
    region_name=REGION,
    aws_access_key_id="test",
    aws_secret_access_key="test",
)


class Lambda(BaseHTTPRequestHandler):
    """Takes events as Lambda's Invoke API does."""

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert self.headers["x-amz-invocation-type"] == "Event"
        assert urllib.parse.unquote(self.path) == f"/2015-03-31/functions/{SENDER}/invocations", self.path
        EVENTS.put(event)
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def opened(event, pool, source):
    """The code in the event of that source, once it was opened and is bound to the pool."""
    assert event["triggerSource"] == source and event["userPoolId"] == pool, event
    assert event["request"]["type"] == "customEmailSenderRequestV1", event
    plaintext, header = sdk.decrypt(source=base64.b64decode(event["request"]["code"]), keyring=keyring)
    assert header.encryption_context == {"userpool-id": pool}, header.encryption_context
    return plaintext.decode()


host, port = os.environ["COGNATE_LAMBDA"].split(":")
server = HTTPServer((host, int(port)), Lambda)
threading.Thread(target=server.serve_forever, daemon=True).start()

pool = cognito.create_user_pool(
    PoolName="sender",
    AutoVerifiedAttributes=["email"],
    UsernameAttributes=["email"],
    LambdaConfig={"CustomEmailSender": {"LambdaVersion": "V1_0", "LambdaArn": SENDER}, "KMSKeyID": KEY_ID},
)["UserPool"]["Id"]
client = cognito.create_user_pool_client(
    UserPoolId=pool, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
)["UserPoolClient"]["ClientId"]

email = f"ada.{uuid.uuid4().hex[:8]}@example.com"
cognito.sign_up(ClientId=client, Username=email, Password="Correct-horse-1")
code = opened(EVENTS.get(timeout=10), pool, "CustomEmailSender_SignUp")
assert messages(email) == [], "the server sends nothing itself"
ok("the sender alone gets the code of a sign-up, and the SDK opens it")

wrong = "000000" if code != "000000" else "000001"
with refused(cognito, "CodeMismatchException"):
    cognito.confirm_sign_up(ClientId=client, Username=email, ConfirmationCode=wrong)
cognito.confirm_sign_up(ClientId=client, Username=email, ConfirmationCode=code)
ok("the code confirms")

invited = f"grace.{uuid.uuid4().hex[:8]}@example.com"
cognito.admin_create_user(UserPoolId=pool, Username=invited, DesiredDeliveryMediums=["EMAIL"])
password = opened(EVENTS.get(timeout=10), pool, "CustomEmailSender_AdminCreateUser")
challenge = cognito.initiate_auth(
    ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": invited, "PASSWORD": password}
)
assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED", challenge
ok("a temporary password comes the same way")

cognito.delete_user_pool(UserPoolId=pool)
server.shutdown()

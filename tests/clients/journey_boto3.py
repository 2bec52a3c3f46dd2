"""From CreateUserPool to verified tokens and out again, with boto3; SRP with pycognito; tokens checked by PyJWT."""

import uuid

import boto3
import jwt
from botocore.config import Config
from pycognito.aws_srp import AWSSRP, generate_hash_device

from shared.dev import ENDPOINT, REGION, code, messages, ok, refused

cognito = boto3.client(
    "cognito-idp",
    endpoint_url=ENDPOINT,
    region_name=REGION,
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(retries={"max_attempts": 0}),
)

EMAIL = f"ada.{uuid.uuid4().hex[:8]}@example.com"
PASSWORD = "Correct-horse-1"
NEXT_PASSWORD = "Battery-staple-2"


def create_pool():
    pool = cognito.create_user_pool(
        PoolName="journey",
        UsernameAttributes=["email"],
        AutoVerifiedAttributes=["email"],
        Policies={"PasswordPolicy": {"MinimumLength": 10, "RequireNumbers": True, "RequireSymbols": True}},
        Schema=[{"Name": "team", "AttributeDataType": "String", "Mutable": True}],
    )["UserPool"]
    assert pool["Id"].startswith(REGION + "_"), pool["Id"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 10
    described = cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"]
    assert described["Arn"] == pool["Arn"] and described["UsernameAttributes"] == ["email"]
    assert pool["Id"] in [listed["Id"] for listed in cognito.list_user_pools(MaxResults=60)["UserPools"]]
    ok("create, describe and list a pool")
    return pool["Id"]


def create_client(pool, **more):
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="web",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
        **more,
    )["UserPoolClient"]
    assert ("ClientSecret" in client) == bool(more.get("GenerateSecret"))
    return client


def by_password(client, password):
    return cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": EMAIL, "PASSWORD": password}
    )


def by_srp(pool, client, password, secret=None):
    srp = AWSSRP(EMAIL, password, pool, client, client=cognito, client_secret=secret)
    return srp.authenticate_user()["AuthenticationResult"]


def sign_up(client):
    with refused(cognito, "InvalidPasswordException"):
        cognito.sign_up(ClientId=client, Username=EMAIL, Password="short")
    signed_up = cognito.sign_up(
        ClientId=client,
        Username=EMAIL,
        Password=PASSWORD,
        UserAttributes=[{"Name": "custom:team", "Value": "engines"}],
    )
    assert signed_up["UserConfirmed"] is False
    delivery = signed_up["CodeDeliveryDetails"]
    assert delivery["DeliveryMedium"] == "EMAIL" and delivery["AttributeName"] == "email"
    assert EMAIL not in delivery["Destination"] and "***" in delivery["Destination"]
    with refused(cognito, "UserNotConfirmedException"):
        by_password(client, PASSWORD)
    sent = code(EMAIL)
    wrong = str((int(sent) + 1) % 1_000_000).zfill(6)
    with refused(cognito, "CodeMismatchException"):
        cognito.confirm_sign_up(ClientId=client, Username=EMAIL, ConfirmationCode=wrong)
    cognito.confirm_sign_up(ClientId=client, Username=EMAIL, ConfirmationCode=sent)
    with refused(cognito, "UsernameExistsException"):
        cognito.sign_up(ClientId=client, Username=EMAIL, Password=PASSWORD)
    ok("sign up and confirm with the code from the inbox")
    return signed_up["UserSub"]


def verify(pool, client, tokens, sub):
    issuer = f"{ENDPOINT}/{pool}"
    keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")

    def claims(token, audience):
        key = keys.get_signing_key_from_jwt(token)
        assert jwt.get_unverified_header(token)["alg"] == "RS256"
        options = {"require": ["exp", "iat", "iss", "sub", "auth_time", "jti", "token_use"], "verify_aud": audience is not None}
        return jwt.decode(token, key.key, algorithms=["RS256"], issuer=issuer, audience=audience, options=options)

    identity = claims(tokens["IdToken"], client)
    assert identity["token_use"] == "id" and identity["sub"] == sub
    assert identity["email"] == EMAIL and identity["email_verified"] is True
    assert identity["custom:team"] == "engines"
    access = claims(tokens["AccessToken"], None)
    assert access["token_use"] == "access" and access["sub"] == sub and access["client_id"] == client
    assert "aud" not in access and "email" not in access
    assert access["exp"] - access["iat"] == tokens["ExpiresIn"] == 3600
    kids = {jwt.get_unverified_header(tokens[name])["kid"] for name in ("IdToken", "AccessToken")}
    assert len(kids) == 2, "the two tokens are signed by the pool's two keys"


def sign_in(pool, client, sub):
    with refused(cognito, "NotAuthorizedException"):
        by_password(client, PASSWORD + "!")
    tokens = by_password(client, PASSWORD)["AuthenticationResult"]
    assert tokens["TokenType"] == "Bearer" and tokens["RefreshToken"]
    verify(pool, client, tokens, sub)
    ok("sign in by password, tokens verified against the JWKS")

    with refused(cognito, "NotAuthorizedException"):
        by_srp(pool, client, PASSWORD + "!")
    tokens = by_srp(pool, client, PASSWORD)
    verify(pool, client, tokens, sub)
    ok("sign in by SRP, tokens verified against the JWKS")
    return tokens


def use(pool, client, tokens, sub):
    user = cognito.get_user(AccessToken=tokens["AccessToken"])
    attributes = {attribute["Name"]: attribute["Value"] for attribute in user["UserAttributes"]}
    assert user["Username"] == sub == attributes["sub"]
    assert attributes["email"] == EMAIL and attributes["email_verified"] == "true"
    ok("read oneself")

    cognito.update_user_attributes(
        AccessToken=tokens["AccessToken"], UserAttributes=[{"Name": "given_name", "Value": "Ada"}]
    )
    found = cognito.list_users(UserPoolId=pool, Filter='given_name ^= "Ad"', AttributesToGet=["email"])["Users"]
    assert [user["Username"] for user in found] == [sub]
    assert found[0]["Attributes"] == [{"Name": "email", "Value": EMAIL}]
    ok("change an attribute, and be found by it")

    refreshed = cognito.initiate_auth(
        ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]}
    )["AuthenticationResult"]
    assert "RefreshToken" not in refreshed
    verify(pool, client, refreshed, sub)
    ok("refresh, tokens verified against the JWKS")


def recover(pool, client):
    before = len(messages(EMAIL))
    cognito.forgot_password(ClientId=client, Username=EMAIL)
    cognito.confirm_forgot_password(
        ClientId=client, Username=EMAIL, ConfirmationCode=code(EMAIL, after=before), Password=NEXT_PASSWORD
    )
    with refused(cognito, "NotAuthorizedException"):
        by_password(client, PASSWORD)
    by_srp(pool, client, NEXT_PASSWORD)
    ok("recover the password with the code from the inbox")


def invite(pool, client):
    guest = f"guest.{uuid.uuid4().hex[:8]}@example.com"
    created = cognito.admin_create_user(
        UserPoolId=pool,
        Username=guest,
        TemporaryPassword="Temporary-pass-3",
        UserAttributes=[{"Name": "email", "Value": guest}, {"Name": "email_verified", "Value": "true"}],
        DesiredDeliveryMediums=["EMAIL"],
    )["User"]
    assert created["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert "Temporary-pass-3" in messages(guest)[0]["text"]
    cognito.create_group(UserPoolId=pool, GroupName="guests", Precedence=1)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=guest, GroupName="guests")
    challenge = cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": guest, "PASSWORD": "Temporary-pass-3"}
    )
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    tokens = cognito.respond_to_auth_challenge(
        ClientId=client,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": guest, "NEW_PASSWORD": "Chosen-myself-4"},
    )["AuthenticationResult"]
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    assert claims["cognito:groups"] == ["guests"]
    assert cognito.admin_get_user(UserPoolId=pool, Username=guest)["UserStatus"] == "CONFIRMED"
    ok("be invited, choose a password, carry a group")


def with_a_secret(pool):
    client = create_client(pool, GenerateSecret=True)
    with refused(cognito, "NotAuthorizedException"):
        by_srp(pool, client["ClientId"], NEXT_PASSWORD)
    by_srp(pool, client["ClientId"], NEXT_PASSWORD, client["ClientSecret"])
    ok("sign in by SRP through a client with a secret")


def from_a_device():
    """SRP of a remembered device, in pycognito's way: no challenge carries a Session."""
    pool = cognito.create_user_pool(PoolName="devices", DeviceConfiguration={"ChallengeRequiredOnNewDevice": True})
    pool = pool["UserPool"]["Id"]
    client = create_client(pool)["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username=EMAIL, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=EMAIL, Password=PASSWORD, Permanent=True)
    tokens = by_srp(pool, client, PASSWORD)
    device = tokens["NewDeviceMetadata"]
    key, group = device["DeviceKey"], device["DeviceGroupKey"]
    password, verifier = generate_hash_device(group, key)
    confirmed = cognito.confirm_device(
        AccessToken=tokens["AccessToken"], DeviceKey=key, DeviceSecretVerifierConfig=verifier, DeviceName="journey"
    )
    assert confirmed["UserConfirmationNecessary"] is False
    names = {"device_key": key, "device_group_key": group}

    def again(secret):
        srp = AWSSRP(EMAIL, PASSWORD, pool, client, client=cognito, device_password=secret, **names)
        return srp.authenticate_user()["AuthenticationResult"]

    tokens = again(password)
    assert "NewDeviceMetadata" not in tokens
    assert jwt.decode(tokens["AccessToken"], options={"verify_signature": False})["device_key"] == key
    with refused(cognito, "NotAuthorizedException"):
        again(password + "!")
    listed = cognito.list_devices(AccessToken=tokens["AccessToken"])["Devices"]
    assert [device["DeviceKey"] for device in listed] == [key]
    cognito.delete_user_pool(UserPoolId=pool)
    ok("confirm a device and sign in with its proof")


def leave(pool, client):
    tokens = by_password(client, NEXT_PASSWORD)["AuthenticationResult"]
    cognito.global_sign_out(AccessToken=tokens["AccessToken"])
    with refused(cognito, "NotAuthorizedException"):
        cognito.get_user(AccessToken=tokens["AccessToken"])
    with refused(cognito, "NotAuthorizedException"):
        cognito.initiate_auth(
            ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]}
        )
    ok("sign out everywhere")

    tokens = by_password(client, NEXT_PASSWORD)["AuthenticationResult"]
    cognito.delete_user(AccessToken=tokens["AccessToken"])
    with refused(cognito, "NotAuthorizedException"):
        by_password(client, NEXT_PASSWORD)
    cognito.delete_user_pool(UserPoolId=pool)
    with refused(cognito, "ResourceNotFoundException"):
        cognito.describe_user_pool(UserPoolId=pool)
    ok("delete the user and the pool")


def main():
    pool = create_pool()
    client = create_client(pool)["ClientId"]
    sub = sign_up(client)
    tokens = sign_in(pool, client, sub)
    use(pool, client, tokens, sub)
    recover(pool, client)
    invite(pool, client)
    with_a_secret(pool)
    from_a_device()
    leave(pool, client)


main()

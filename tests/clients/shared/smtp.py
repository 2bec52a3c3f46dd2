"""A mail server on a free port that keeps what it is sent: as much of SMTP as a sender needs, with AUTH."""

import base64
import email
import email.policy
import socketserver
import threading


class Mailbox:
    def __init__(self):
        self.messages = []
        self.logins = []
        box = self

        class Conversation(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def handle(self):
                self.say("220 mailbox")
                while line := self.rfile.readline().decode().strip():
                    verb, _, rest = line.partition(" ")
                    match verb.upper():
                        case "EHLO":
                            self.say("250-mailbox\r\n250 AUTH PLAIN")
                        case "AUTH":
                            box.logins.append(base64.b64decode(rest.split()[-1]).decode().split("\0")[1:])
                            self.say("235 welcome")
                        case "DATA":
                            self.say("354 go on")
                            lines = iter(self.rfile.readline, b".\r\n")
                            box.messages.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
                            self.say("250 taken")
                        case "QUIT":
                            return self.say("221 bye")
                        case _:
                            self.say("250 taken")

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        server.daemon_threads = True
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()

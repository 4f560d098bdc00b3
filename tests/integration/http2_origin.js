// An origin that speaks HTTP/2 and nothing else. usage: node http2_origin.js FOLDER PORT
// Writes down what it is asked, as the other servers of egress_world.py do.
const fs = require("fs"), http2 = require("http2");
const [folder, port] = process.argv.slice(2);
const read = (name) => fs.readFileSync(`${folder}/${name}`);
const write = (book, ...what) => fs.appendFileSync(`${folder}/${book}`, JSON.stringify(what) + "\n");

const server = http2.createSecureServer({ key: read("server.key"), cert: read("server.pem") });
server.on("session", (session) => {
  write("came", session.socket.localAddress.replace("::ffff:", ""), Number(port));
});
server.on("stream", (stream, headers) => {
  const path = headers[":path"];
  write("asked", headers[":method"], headers[":authority"], path);
  write("headers", path, headers);
  stream.on("aborted", () => write("aborted", path));
  stream.on("error", () => {});
  if (path.startsWith("/open/echo")) {
    // Each piece goes back while others come, as in gRPC.
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.pipe(stream);
  } else if (path.startsWith("/open/wait")) {
    stream.respond({ ":status": 200 });
    stream.write("waiting\n");
  } else {
    const body = [];
    stream.on("data", (piece) => body.push(piece));
    stream.on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end(JSON.stringify({ method: headers[":method"], path, body: Buffer.concat(body).toString("latin1"), headers }));
    });
  }
});
server.listen(Number(port), "::", () => console.log("serving"));

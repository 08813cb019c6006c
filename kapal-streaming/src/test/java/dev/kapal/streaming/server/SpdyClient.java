package dev.kapal.streaming.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyPingFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyGoAwayFrame;
import io.netty.handler.codec.spdy.SpdyPingFrame;
import io.netty.handler.codec.spdy.SpdyRstStreamFrame;
import io.netty.handler.codec.spdy.SpdySynReplyFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A client of the protocol on a plain socket, as simple as can be: it never updates windows. */
final class SpdyClient implements AutoCloseable {
  /** What the server answered to the upgrade. */
  record Answer(int status, String head, String body) {}

  private final Socket socket;
  private final OutputStream out;
  private final InputStream in;
  private final EmbeddedChannel codec =
      new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1, 1 << 20, 16384, 6, 15, 8));
  private final Map<Integer, ByteArrayOutputStream> received = new ConcurrentHashMap<>();
  private final Map<Integer, CountDownLatch> ends = new ConcurrentHashMap<>();
  private final Map<Integer, CountDownLatch> replies = new ConcurrentHashMap<>();
  final Set<Integer> resets = ConcurrentHashMap.newKeySet();
  final CountDownLatch pong = new CountDownLatch(1);
  final CountDownLatch goneAway = new CountDownLatch(1);
  private int nextId = 1;

  private SpdyClient(Socket socket, InputStream in, OutputStream out) {
    this.socket = socket;
    this.in = in;
    this.out = out;
  }

  static Answer ask(Socket socket, URI url, String... headers) throws IOException {
    StringBuilder request =
        new StringBuilder("GET " + url.getPath() + " HTTP/1.1\r\nHost: " + url.getHost() + "\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    socket
        .getOutputStream()
        .write(request.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int c = socket.getInputStream().read();
      if (c < 0) {
        break;
      }
      head.append((char) c);
    }
    int status = Integer.parseInt(head.toString().split(" ", 3)[1]);
    String body = "";
    if (status != 101) {
      body = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
    return new Answer(status, head.toString(), body);
  }

  static Answer ask(String url, String... headers) throws IOException {
    URI uri = URI.create(url);
    try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
      return ask(socket, uri, headers);
    }
  }

  static SpdyClient connect(String url, String protocol) throws IOException {
    URI uri = URI.create(url);
    return connect(new Socket(uri.getHost(), uri.getPort()), uri, protocol);
  }

  static SpdyClient connect(Socket socket, URI uri, String protocol) throws IOException {
    Answer answer =
        ask(
            socket,
            uri,
            "Connection: Upgrade",
            "Upgrade: SPDY/3.1",
            "X-Stream-Protocol-Version: " + protocol);
    if (answer.status() != 101) {
      socket.close();
      throw new IOException(answer.head() + answer.body());
    }
    SpdyClient client = new SpdyClient(socket, socket.getInputStream(), socket.getOutputStream());
    Thread.ofVirtual().start(client::read);
    return client;
  }

  /** SPDY in the messages of a WebSocket connection. */
  static SpdyClient tunnel(String url) throws IOException {
    URI uri = URI.create(url);
    Socket socket = new Socket(uri.getHost(), uri.getPort());
    Answer answer =
        ask(
            socket,
            uri,
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io");
    if (answer.status() != 101 || !answer.head().contains("SPDY/3.1+portforward.k8s.io")) {
      socket.close();
      throw new IOException(answer.head() + answer.body());
    }
    SpdyClient client =
        new SpdyClient(
            socket,
            Messages.reading(socket.getInputStream()),
            Messages.writing(socket.getOutputStream()));
    Thread.ofVirtual().start(client::read);
    return client;
  }

  private void read() {
    byte[] buffer = new byte[65536];
    try {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        synchronized (codec) {
          codec.writeInbound(Unpooled.copiedBuffer(buffer, 0, n));
          for (Object frame = codec.readInbound(); frame != null; frame = codec.readInbound()) {
            handle((SpdyFrame) frame);
          }
        }
      }
    } catch (IOException e) {
      // the test looks at what arrived
    }
    ends.values().forEach(CountDownLatch::countDown);
    goneAway.countDown();
  }

  private void handle(SpdyFrame frame) {
    switch (frame) {
      case SpdySynReplyFrame reply -> replies.get(reply.streamId()).countDown();
      case SpdyDataFrame data -> {
        received.get(data.streamId()).writeBytes(ByteBufUtil.getBytes(data.content()));
        if (data.isLast()) {
          ends.get(data.streamId()).countDown();
        }
        data.release();
      }
      case SpdyRstStreamFrame reset -> {
        resets.add(reset.streamId());
        if (ends.get(reset.streamId()) instanceof CountDownLatch latch) {
          latch.countDown();
        }
        if (replies.get(reset.streamId()) instanceof CountDownLatch latch) {
          latch.countDown();
        }
      }
      case SpdyPingFrame _ -> pong.countDown();
      case SpdyGoAwayFrame _ -> goneAway.countDown();
      default -> {}
    }
  }

  /** Opens a stream and waits for the reply. */
  int open(String... headers) throws Exception {
    int id = nextId;
    nextId += 2;
    received.put(id, new ByteArrayOutputStream());
    ends.put(id, new CountDownLatch(1));
    replies.put(id, new CountDownLatch(1));
    DefaultSpdySynStreamFrame syn = new DefaultSpdySynStreamFrame(id, 0, (byte) 0);
    for (int i = 0; i < headers.length; i += 2) {
      syn.headers().add(headers[i], headers[i + 1]);
    }
    send(syn);
    if (!replies.get(id).await(10, TimeUnit.SECONDS)) {
      throw new IOException("no reply to stream " + id);
    }
    return id;
  }

  void write(int id, byte[] bytes) throws IOException {
    send(new DefaultSpdyDataFrame(id, Unpooled.wrappedBuffer(bytes)));
  }

  void write(int id, String text) throws IOException {
    write(id, text.getBytes(StandardCharsets.UTF_8));
  }

  void end(int id) throws IOException {
    DefaultSpdyDataFrame last = new DefaultSpdyDataFrame(id);
    last.setLast(true);
    send(last);
  }

  void ping() throws IOException {
    send(new DefaultSpdyPingFrame(1));
  }

  private void send(SpdyFrame frame) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    synchronized (codec) {
      codec.writeOutbound(frame);
      for (ByteBuf part = codec.readOutbound(); part != null; part = codec.readOutbound()) {
        bytes.writeBytes(ByteBufUtil.getBytes(part));
        part.release();
      }
    }
    raw(bytes.toByteArray());
  }

  void raw(byte[] bytes) throws IOException {
    out.write(bytes);
  }

  /** All that came on a stream, once it has ended. */
  byte[] all(int id) throws Exception {
    if (!ends.get(id).await(20, TimeUnit.SECONDS)) {
      throw new IOException("stream " + id + " did not end; it brought " + soFar(id));
    }
    return received.get(id).toByteArray();
  }

  String text(int id) throws Exception {
    return new String(all(id), StandardCharsets.UTF_8);
  }

  String soFar(int id) {
    return received.get(id).toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}

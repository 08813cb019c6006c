package dev.kapal.image.registry.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/**
 * Stands between a client and a registry and breaks what it is told to: a list of faults per kind
 * of request, used up one by one; after that requests pass. Speaks plain HTTP/1.1 on both sides.
 */
public final class FaultProxy implements AutoCloseable {

  /** One request, as the client sent it. */
  public record Request(String method, String target, Map<String, String> headers) {
    public Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
    }
  }

  /** What is done to one request. */
  public sealed interface Fault {
    /** Nothing. */
    record Pass() implements Fault {}

    /** The connection is reset after so many bytes of the answer's body. */
    record ResetAfter(long bytes) implements Fault {}

    /** The connection is closed in order after so many bytes of the answer's body. */
    record EndAfter(long bytes) implements Fault {}

    /** The byte at this offset of the body is changed. */
    record CorruptAt(long offset) implements Fault {}

    /** Nothing comes after so many bytes of the body; the connection stays open. */
    record StallAfter(long bytes) implements Fault {}

    /** The request waits before it is passed on. */
    record Delay(Duration time) implements Fault {}

    /** Answered here. */
    record Answer(int status, Map<String, String> headers, String body) implements Fault {}

    /** The Range header is taken away, so that the answer is 200 with all. */
    record IgnoreRange() implements Fault {}

    /** Content-Range is replaced. */
    record ContentRange(String value) implements Fault {}

    /** The answer is HTTP/1.0 without a length: its end is the connection's. */
    record Http10() implements Fault {}

    /** The connection is reset after so many bytes of the request's body were passed on. */
    record ResetRequestAfter(long bytes) implements Fault {}

    /** The request is passed on, the answer is lost: the connection is reset. */
    record LoseAnswer() implements Fault {}
  }

  private record Rule(Predicate<Request> when, Deque<Fault> faults) {}

  private static final int TLS_HANDSHAKE = 0x16;

  private final URI upstream;
  private final ServerSocket listener;
  private final List<Rule> rules = new ArrayList<>(); // guarded by itself
  private final ConcurrentHashMap<Socket, Boolean> sockets = new ConcurrentHashMap<>();

  /** Every request, in the order of arrival. */
  public final List<Request> seen = new CopyOnWriteArrayList<>();

  public FaultProxy(URI upstream) throws IOException {
    this.upstream = upstream;
    this.listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /** {@code localhost:PORT}. */
  public String name() {
    return "localhost:" + listener.getLocalPort();
  }

  public URI url() {
    return URI.create("http://" + name());
  }

  /**
   * Adds faults for requests; of several rules that match, the oldest that is not used up counts.
   */
  public FaultProxy on(Predicate<Request> when, Fault... faults) {
    synchronized (rules) {
      rules.add(new Rule(when, new ArrayDeque<>(List.of(faults))));
    }
    return this;
  }

  /** Requests with this method and this in their target. */
  public static Predicate<Request> request(String method, String part) {
    return r -> r.method.equals(method) && r.target.contains(part);
  }

  /** How many requests had this method and this in their target. */
  public long count(String method, String part) {
    return seen.stream().filter(request(method, part)).count();
  }

  private Fault fault(Request request) {
    synchronized (rules) {
      for (Rule rule : rules) {
        if (!rule.faults.isEmpty() && rule.when.test(request)) {
          return rule.faults.remove();
        }
      }
    }
    return new Fault.Pass();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        sockets.put(client, true);
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      InputStream in = new BufferedInputStream(client.getInputStream());
      in.mark(1);
      if (in.read() == TLS_HANDSHAKE) { // answer as most servers do
        client
            .getOutputStream()
            .write("HTTP/1.0 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return;
      }
      in.reset();
      while (true) {
        List<String> head = head(in);
        if (head.isEmpty()) {
          return;
        }
        String[] first = head.getFirst().split(" ");
        Request request = new Request(first[0], first[1], headers(head));
        seen.add(request);
        if (!handle(request, fault(request), in, client)) {
          return;
        }
      }
    } catch (IOException e) {
      reset(client);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      sockets.remove(client);
    }
  }

  private static Map<String, String> headers(List<String> head) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line : head.subList(1, head.size())) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return headers;
  }

  /** Reads lines up to an empty one. */
  private static List<String> head(InputStream in) throws IOException {
    List<String> lines = new ArrayList<>();
    while (true) {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      int c = in.read();
      while (c >= 0 && c != '\n') {
        if (c != '\r') {
          line.write(c);
        }
        c = in.read();
      }
      if (line.size() == 0) {
        return lines;
      }
      lines.add(line.toString(StandardCharsets.ISO_8859_1));
    }
  }

  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException e) {
      System.getLogger("FaultProxy").log(System.Logger.Level.DEBUG, "already closed", e);
    }
  }

  /**
   * @return whether the connection can be used again
   */
  private boolean handle(Request request, Fault fault, InputStream in, Socket client)
      throws IOException, InterruptedException {
    if (fault instanceof Fault.Delay(Duration time)) {
      Thread.sleep(time);
    }
    long length = Long.parseLong(request.header("content-length").orElse("0"));
    if (fault instanceof Fault.Answer(int status, Map<String, String> extra, String body)) {
      in.skipNBytes(length);
      answer(client.getOutputStream(), request, status, extra, body);
      return true;
    }
    try (Socket server = new Socket(upstream.getHost(), upstream.getPort())) {
      sockets.put(server, true);
      OutputStream to = server.getOutputStream();
      StringBuilder head =
          new StringBuilder(request.method + " " + request.target + " HTTP/1.1\r\n");
      request.headers.forEach((name, value) -> {
        boolean drop =
            name.equals("connection")
                || (name.equals("range") && fault instanceof Fault.IgnoreRange);
        if (!drop) {
          head.append(name).append(": ").append(value).append("\r\n");
        }
      });
      head.append("connection: close\r\n\r\n");
      to.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
      long most =
          fault instanceof Fault.ResetRequestAfter(long bytes) ? Math.min(bytes, length) : length;
      byte[] buffer = new byte[16384];
      for (long sent = 0; sent < most; ) {
        int n = in.read(buffer, 0, (int) Math.min(buffer.length, most - sent));
        if (n < 0) {
          return false;
        }
        to.write(buffer, 0, n);
        sent += n;
      }
      to.flush();
      if (fault instanceof Fault.ResetRequestAfter) {
        Thread.sleep(100); // so that the registry reads what it was sent
        server.close();
        reset(client);
        return false;
      }
      boolean again = relay(fault, server, client);
      sockets.remove(server);
      return again;
    }
  }

  private static void answer(
      OutputStream to, Request request, int status, Map<String, String> extra, String body)
      throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Fault\r\n");
    extra.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    head.append("Content-Length: ").append(bytes.length).append("\r\n\r\n");
    to.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
    if (!request.method.equals("HEAD")) {
      to.write(bytes);
    }
    to.flush();
  }

  private static boolean relay(Fault fault, Socket server, Socket client)
      throws IOException, InterruptedException {
    InputStream from = new BufferedInputStream(server.getInputStream());
    List<String> head = head(from);
    if (head.isEmpty() || fault instanceof Fault.LoseAnswer) {
      reset(client);
      return false;
    }
    boolean ten = fault instanceof Fault.Http10;
    StringBuilder out = new StringBuilder();
    for (String line : head) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (ten && line.startsWith("HTTP/1.1")) {
        out.append("HTTP/1.0").append(line.substring(8)).append("\r\n");
      } else if (fault instanceof Fault.ContentRange(String value)
          && lower.startsWith("content-range:")) {
        out.append("Content-Range: ").append(value).append("\r\n");
      } else if (!lower.startsWith("connection:")
          && !(ten && lower.startsWith("content-length:"))) {
        out.append(line).append("\r\n");
      }
    }
    OutputStream to = client.getOutputStream();
    to.write(out.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    long limit =
        switch (fault) {
          case Fault.ResetAfter(long bytes) -> bytes;
          case Fault.EndAfter(long bytes) -> bytes;
          case Fault.StallAfter(long bytes) -> bytes;
          default -> Long.MAX_VALUE;
        };
    byte[] buffer = new byte[16384];
    long passed = 0;
    while (passed < limit) {
      int n = from.read(buffer, 0, (int) Math.min(buffer.length, limit - passed));
      if (n < 0) {
        break;
      }
      if (fault instanceof Fault.CorruptAt(long offset)
          && offset >= passed
          && offset < passed + n) {
        buffer[(int) (offset - passed)] ^= 0x40;
      }
      to.write(buffer, 0, n);
      passed += n;
    }
    to.flush();
    if (passed < limit) {
      return !ten;
    }
    if (fault instanceof Fault.StallAfter) {
      Thread.sleep(Duration.ofMinutes(1));
    }
    if (fault instanceof Fault.ResetAfter) {
      Thread.sleep(50); // what is on its way arrives before the reset
      reset(client);
    }
    return false;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : sockets.keySet()) {
      socket.close();
    }
  }
}

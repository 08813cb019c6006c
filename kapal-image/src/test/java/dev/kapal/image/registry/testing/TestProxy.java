package dev.kapal.image.registry.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A forward proxy that wants {@code sailor:knots}. Whatever host is asked for, it connects to the
 * same port of this machine.
 */
public final class TestProxy implements AutoCloseable {
  private static final String EXPECTED =
      "proxy-authorization: basic "
          + Base64.getEncoder().encodeToString("sailor:knots".getBytes(StandardCharsets.UTF_8));

  private final ServerSocket listener;

  /** First lines of all requests that were let through, and of those that were not with "407 ". */
  public final List<String> seen = new CopyOnWriteArrayList<>();

  public TestProxy() throws IOException {
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /** host:port. */
  public String name() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      InputStream in = client.getInputStream();
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int c = in.read();
        if (c < 0) {
          return;
        }
        head.append((char) c);
      }
      String first = head.substring(0, head.indexOf("\r\n"));
      OutputStream out = client.getOutputStream();
      if (!head.toString().toLowerCase(Locale.ROOT).contains(EXPECTED.toLowerCase(Locale.ROOT))) {
        seen.add("407 " + first);
        out.write(
            "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n"
                .getBytes(StandardCharsets.US_ASCII));
        return;
      }
      seen.add(first);
      String[] words = first.split(" ");
      boolean tunnel = words[0].equals("CONNECT");
      URI target = URI.create(tunnel ? "https://" + words[1] : words[1]);
      try (Socket server = new Socket("localhost", target.getPort())) {
        if (tunnel) {
          out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } else {
          String rest = head.substring(first.length());
          String line = words[0] + " " + words[1].substring(words[1].indexOf('/', 8)) + " HTTP/1.1";
          server
              .getOutputStream()
              .write(
                  (line + rest.replaceFirst("(?i)\r\nproxy-authorization:[^\r]*", ""))
                      .getBytes(StandardCharsets.ISO_8859_1));
        }
        Thread back = Thread.ofVirtual().start(() -> copy(server, client));
        in.transferTo(server.getOutputStream());
        back.join(5000);
      }
    } catch (IOException e) {
      System.getLogger("TestProxy").log(System.Logger.Level.DEBUG, "connection ended", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      System.getLogger("TestProxy").log(System.Logger.Level.DEBUG, "connection ended", e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}

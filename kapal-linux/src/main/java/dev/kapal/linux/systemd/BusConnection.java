package dev.kapal.linux.systemd;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;

/**
 * A connection to a message bus, or to systemd itself. Blocking, for one thread at a time, which
 * must be a platform thread.
 */
final class BusConnection implements AutoCloseable {
  private static final int SIGNALS = 1000;

  private final Linux linux;
  private final Fd socket;
  private final Deque<BusMessage> signals = new ArrayDeque<>();
  private int serial;

  private BusConnection(Linux linux, Fd socket) {
    this.linux = linux;
    this.socket = socket;
  }

  /**
   * Connects and says who we are (D-Bus specification, Authentication Protocol: EXTERNAL).
   *
   * @param bus whether a bus listens there, which wants to be greeted
   * @param limit for each answer
   */
  static BusConnection open(Linux linux, String path, boolean bus, Duration limit) {
    Fd socket;
    try {
      socket = linux.sockets().connect(path, SocketType.STREAM);
    } catch (ErrnoException e) {
      throw new SystemdException(
          "nobody listens at " + path + ": " + e.errno().message() + "; is systemd running?", e);
    }
    BusConnection connection = new BusConnection(linux, socket);
    try {
      linux.sockets().receiveTimeout(socket, limit);
      linux.sockets().sendTimeout(socket, limit);
      connection.authenticate(path);
      if (bus) {
        connection.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello");
      }
      return connection;
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private void send(byte[] bytes) {
    try {
      linux.sockets().send(socket, bytes, List.of());
    } catch (ErrnoException e) {
      throw new SystemdException("the connection broke: " + e.errno().message(), e);
    }
  }

  private void authenticate(String path) {
    String uid = uid();
    String hex = HexFormat.of().formatHex(uid.getBytes(StandardCharsets.US_ASCII));
    send(("\0AUTH EXTERNAL " + hex + "\r\n").getBytes(StandardCharsets.US_ASCII));
    StringBuilder answer = new StringBuilder();
    while (!answer.toString().endsWith("\r\n") && answer.length() < 1000) {
      answer.append((char) (receive(1)[0] & 0xff));
    }
    if (!answer.toString().startsWith("OK ")) {
      throw new SystemdException(path + " does not let user " + uid + " in: " + answer, "");
    }
    send("BEGIN\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  private static String uid() {
    try {
      return String.valueOf(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException e) {
      throw new SystemdException("our own user is not known: " + e.getMessage(), e);
    }
  }

  private byte[] receive(int length) {
    byte[] bytes = new byte[length];
    try {
      for (int got = 0; got < length; ) {
        int n = linux.sockets().receive(socket, bytes, got, length - got);
        if (n <= 0) {
          throw new SystemdException("the connection was closed", "");
        }
        got += n;
      }
    } catch (ErrnoException e) {
      throw new SystemdException(
          e.is(dev.kapal.linux.Errno.EAGAIN)
              ? "there was no answer in time"
              : "the connection broke: " + e.errno().message(),
          e);
    }
    return bytes;
  }

  private BusMessage next() {
    byte[] head = receive(BusMessage.HEAD);
    byte[] whole = new byte[BusMessage.length(head)];
    System.arraycopy(head, 0, whole, 0, head.length);
    byte[] rest = receive(whole.length - head.length);
    System.arraycopy(rest, 0, whole, head.length, rest.length);
    return BusMessage.decode(whole);
  }

  /** Calls a method and waits for what it returns; signals that come meanwhile are kept. */
  List<Value> call(
      String destination, String path, String interface_, String member, Value... body) {
    int number = ++serial;
    send(BusMessage.call(number, destination, path, interface_, member, body).encode());
    for (; ; ) {
      BusMessage message = next();
      if (message.type() == BusMessage.SIGNAL) {
        keep(message);
      } else if (message.replyTo() == number) {
        if (message.type() == BusMessage.ERROR) {
          throw new SystemdException(
              message.text().isEmpty() ? message.error() : message.text(), message.error());
        }
        return message.body();
      }
    }
  }

  private void keep(BusMessage signal) {
    signals.add(signal);
    if (signals.size() > SIGNALS) {
      signals.removeFirst();
    }
  }

  /** Waits for a signal, of those that have come first. */
  BusMessage await(Predicate<BusMessage> wanted, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    for (; ; ) {
      BusMessage message = signals.isEmpty() ? next() : signals.removeFirst();
      if (message.type() == BusMessage.SIGNAL && wanted.test(message)) {
        return message;
      }
      if (System.nanoTime() > end) {
        throw new SystemdException("there was no answer in time", "");
      }
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}

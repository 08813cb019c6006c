package dev.kapal.linux.systemd;

import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SocketType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/** A bus with a service manager behind it, which does what a test says. */
final class FakeBus implements AutoCloseable {
  final List<BusMessage> calls = new CopyOnWriteArrayList<>();
  final List<String> handshakes = new CopyOnWriteArrayList<>();
  private final Linux linux = Linux.system();
  private final Fd listener;
  private final BiFunction<FakeBus.Peer, BusMessage, Boolean> manager;

  /**
   * @param manager answers calls; false: as a bus does
   */
  FakeBus(Path socket, BiFunction<Peer, BusMessage, Boolean> manager) {
    this.manager = manager;
    this.listener = linux.sockets().listen(socket.toString(), SocketType.STREAM, 0600);
    Thread.ofPlatform().daemon().start(this::serve);
  }

  /** A client. */
  final class Peer {
    private final Fd socket;
    private int serial = 1000;

    private Peer(Fd socket) {
      this.socket = socket;
    }

    void send(int type, int replyTo, String member, String error, Value... body) {
      raw(
          new BusMessage(
                  type,
                  ++serial,
                  replyTo,
                  type == BusMessage.SIGNAL ? "/org/freedesktop/systemd1" : "",
                  type == BusMessage.SIGNAL ? "org.freedesktop.systemd1.Manager" : "",
                  member,
                  error,
                  "",
                  List.of(body))
              .encode());
    }

    void raw(byte[] bytes) {
      linux.sockets().send(socket, bytes, List.of());
    }

    void answer(BusMessage call, Value... body) {
      send(BusMessage.RETURN, call.serial(), "", "", body);
    }

    void removed(String job, String unit, String result) {
      send(
          BusMessage.SIGNAL,
          0,
          "JobRemoved",
          "",
          new Value.Word(7),
          new Value.ObjectPath(job),
          new Value.Text(unit),
          new Value.Text(result));
    }

    private byte[] read(int length) {
      byte[] bytes = new byte[length];
      for (int got = 0; got < length; ) {
        int n = linux.sockets().receive(socket, bytes, got, length - got);
        if (n <= 0) {
          throw new IllegalStateException("closed");
        }
        got += n;
      }
      return bytes;
    }

    private String line() {
      StringBuilder line = new StringBuilder();
      while (!line.toString().endsWith("\r\n")) {
        line.append((char) read(1)[0]);
      }
      return line.toString().strip();
    }

    private void serve() {
      try (socket) {
        handshakes.add(line());
        raw("OK 0123456789abcdef0123456789abcdef\r\n".getBytes(StandardCharsets.US_ASCII));
        handshakes.add(line());
        for (; ; ) {
          byte[] head = read(BusMessage.HEAD);
          byte[] whole = new byte[BusMessage.length(head)];
          System.arraycopy(head, 0, whole, 0, head.length);
          System.arraycopy(read(whole.length - 16), 0, whole, 16, whole.length - 16);
          BusMessage call = BusMessage.decode(whole);
          calls.add(call);
          if (!manager.apply(this, call)) {
            answer(call);
          }
        }
      } catch (IllegalStateException | ErrnoException _) {
        // It has gone.
      }
    }
  }

  private void serve() {
    try {
      for (; ; ) {
        Peer peer = new Peer(linux.sockets().accept(listener));
        Thread.ofPlatform().daemon().start(peer::serve);
      }
    } catch (ErrnoException _) {
      // Closed.
    }
  }

  List<String> members() {
    return calls.stream().map(BusMessage::member).toList();
  }

  BusMessage call(String member) {
    return calls.stream().filter(c -> c.member().equals(member)).findFirst().orElseThrow();
  }

  @Override
  public void close() {
    linux.sockets().shutdown(listener, true, true);
    listener.close();
  }
}

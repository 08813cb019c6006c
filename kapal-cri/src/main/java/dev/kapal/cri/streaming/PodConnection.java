package dev.kapal.cri.streaming;

import dev.kapal.engine.Pods;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Sockets;
import dev.kapal.streaming.ByteStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;

/**
 * One connection to a port inside a pod. Two platform threads copy, one a direction, each to its
 * own end: half a connection may be closed long before the other.
 */
final class PodConnection {
  private static final int BUFFER = 32 * 1024;

  private final Descriptors calls;
  private final Sockets sockets;
  private final Fd socket;
  private final CountDownLatch ended = new CountDownLatch(2);

  private PodConnection(Descriptors calls, Sockets sockets, Fd socket) {
    this.calls = calls;
    this.sockets = sockets;
    this.socket = socket;
  }

  /** Connects, and copies until both directions have ended. */
  static void forward(
      Pods pods, Descriptors calls, Sockets sockets, String pod, int port, ByteStream stream)
      throws InterruptedException {
    try (Fd socket = Blocking.call(() -> pods.connect(pod, port))) {
      PodConnection connection = new PodConnection(calls, sockets, socket);
      thread("in", () -> connection.fromClient(stream.input()));
      thread("out", () -> connection.toClient(stream.output()));
      try {
        connection.ended.await();
      } catch (InterruptedException e) {
        // The socket is closed only when nobody is inside a call on it.
        connection.shut(true);
        connection.ended.await();
        throw e;
      }
    }
  }

  private static void thread(String direction, Runnable work) {
    Thread.ofPlatform().daemon().name("port-forward-" + direction).start(work);
  }

  private void fromClient(InputStream from) {
    byte[] buffer = new byte[BUFFER];
    try {
      for (int n = from.read(buffer); n > 0; n = from.read(buffer)) {
        calls.writeFully(socket, buffer, 0, n);
      }
      shut(false);
    } catch (IOException e) {
      // The client has gone, and whoever it talked to need not go on.
      shut(true);
    } catch (ErrnoException e) {
      // Nobody reads in the pod. What comes from there still goes to the client.
    } finally {
      ended.countDown();
    }
  }

  private void toClient(OutputStream to) {
    byte[] buffer = new byte[BUFFER];
    try {
      for (int n = calls.read(socket, buffer, 0, BUFFER);
          n > 0;
          n = calls.read(socket, buffer, 0, BUFFER)) {
        to.write(buffer, 0, n);
        to.flush();
      }
      to.close();
    } catch (IOException | ErrnoException e) {
      shut(true);
    } finally {
      ended.countDown();
    }
  }

  private void shut(boolean both) {
    try {
      sockets.shutdown(socket, both, true);
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOTCONN)) {
        throw e;
      }
    }
  }
}

package dev.kapal.runtime.monitor;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.linux.SocketType;
import dev.kapal.linux.Sockets;
import dev.kapal.runtime.ContainerException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The connection to a monitor. Any thread may ask; the poller's thread reads answers and events.
 * The monitor answers at once, so that waiting for an answer is short.
 */
public final class MonitorConnection implements AutoCloseable {
  private static final int VERSION = 1;
  private static final long ANSWER_SECONDS = 30;

  private final Linux linux;
  private final Fd socket;
  private final MonitorEvents events;
  private final byte[] buffer = new byte[Packet.MAX];
  private final Map<Integer, CompletableFuture<Reply>> waiting = new ConcurrentHashMap<>();
  private final Object sending = new Object();
  private int lastRequest;
  private volatile boolean open = true;
  private final CompletableFuture<Poller.Registration> registration = new CompletableFuture<>();
  private final int monitorPid;

  private MonitorConnection(Linux linux, Poller poller, Fd socket, MonitorEvents events) {
    this.linux = linux;
    this.socket = socket;
    this.events = events;
    registration.complete(poller.register(socket, EnumSet.of(Poller.Ready.READ), this::ready));
    this.monitorPid = (int) ask(Packet.of(Packet.HELLO, 0, VERSION), List.of()).value();
  }

  /**
   * Connects to a monitor.
   *
   * @throws ErrnoException if nobody listens
   */
  public static MonitorConnection connect(
      Linux linux, Poller poller, Fd directory, String name, MonitorEvents events) {
    Fd socket = linux.sockets().connect(directory, name, SocketType.SEQPACKET);
    try {
      linux.sockets().nonBlocking(socket, true);
      return new MonitorConnection(linux, poller, socket, events);
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  public int monitorPid() {
    return monitorPid;
  }

  public boolean isOpen() {
    return open;
  }

  /**
   * Asks and waits for the answer.
   *
   * @throws ErrnoException with the monitor's error
   * @throws ContainerException.Gone if the monitor is gone
   */
  public Reply ask(Packet packet, List<Fd> descriptors) {
    return await(send(packet, descriptors));
  }

  /** Waits for the answer to something sent. */
  public Reply await(CompletableFuture<Reply> answer) {
    try {
      return answer.get(ANSWER_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ErrnoException error) {
        throw new ErrnoException(error.call(), error.target(), error.errno());
      }
      throw new ContainerException.Gone("The sandbox's monitor is gone", e);
    } catch (TimeoutException e) {
      throw new ContainerException.Gone("The sandbox's monitor does not answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContainerException.Failed("Interrupted while waiting for the sandbox's monitor", e);
    }
  }

  /** Sends, and does not wait. */
  public CompletableFuture<Reply> send(Packet packet, List<Fd> descriptors) {
    CompletableFuture<Reply> answer = new CompletableFuture<>();
    synchronized (sending) {
      int request = ++lastRequest;
      waiting.put(request, answer);
      if (!open) {
        waiting.remove(request);
        answer.completeExceptionally(gone());
        return answer;
      }
      try {
        transmit(packet.encode(request), descriptors);
      } catch (ErrnoException e) {
        waiting.remove(request);
        answer.completeExceptionally(
            new ContainerException.Gone("The sandbox's monitor is gone", e));
      }
    }
    return answer;
  }

  /** The socket does not block; the monitor reads quickly, so a full one empties at once. */
  private void transmit(byte[] bytes, List<Fd> descriptors) {
    for (int attempt = 0; ; attempt++) {
      try {
        linux.sockets().send(socket, bytes, 0, bytes.length, descriptors);
        return;
      } catch (ErrnoException e) {
        if (!e.is(Errno.EAGAIN) || attempt > 5000) {
          throw e;
        }
        java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
      }
    }
  }

  private void ready(Set<Poller.Ready> what) {
    try (Sockets.Received received = linux.sockets().receive(socket, buffer, 0, buffer.length, 4)) {
      if (received.length() == 0) {
        lose();
        return;
      }
      Packet.Received packet = Packet.Received.parse(buffer, received.length());
      dispatch(packet, received.descriptors());
    } catch (ErrnoException e) {
      if (!e.is(Errno.EAGAIN)) {
        lose();
      }
    } catch (IllegalArgumentException
        | java.nio.BufferUnderflowException
        | IndexOutOfBoundsException e) {
      System.getLogger(MonitorConnection.class.getName())
          .log(System.Logger.Level.ERROR, "A monitor sent a packet that breaks the protocol", e);
      lose();
    }
  }

  private void dispatch(Packet.Received packet, List<Fd> descriptors) {
    var body = packet.body();
    switch (packet.type()) {
      case Packet.OK, Packet.ERROR -> answer(packet, descriptors);
      case Packet.EVENT_SYNC -> events.waiting(packet.process(), body.getInt(0), body.getInt(4));
      case Packet.EVENT_RUNNING -> events.running(packet.process(), body.getInt(0));
      case Packet.EVENT_FAILED ->
          events.failed(packet.process(), body.getInt(0), body.getInt(4), body.getInt(8));
      case Packet.EVENT_EXITED -> events.exited(packet.process(), body.getInt(0), body.getLong(4));
      case Packet.EVENT_LAUNCHED -> events.launched(packet.process(), body.getInt(0));
      case Packet.EVENT_INPUT_CLOSED -> events.inputClosed(packet.process());
      default -> {}
    }
  }

  private void answer(Packet.Received packet, List<Fd> descriptors) {
    CompletableFuture<Reply> answer = waiting.remove(packet.request());
    if (answer == null) {
      return;
    }
    if (packet.type() == Packet.ERROR) {
      answer.completeExceptionally(
          new ErrnoException("monitor request", "", Errno.of(packet.body().getInt(0))));
      return;
    }
    byte[] data = new byte[packet.body().remaining() - 8];
    packet.body().get(8, data);
    List<Fd> kept = new ArrayList<>();
    descriptors.forEach(fd -> kept.add(Fd.of(fd.release())));
    answer.complete(
        new Reply(
            packet.body().getLong(0),
            java.nio.ByteBuffer.wrap(data).order(java.nio.ByteOrder.LITTLE_ENDIAN),
            kept));
  }

  private static ContainerException gone() {
    return new ContainerException.Gone("The sandbox's monitor is gone");
  }

  /** On the poller's thread. */
  private void lose() {
    boolean was;
    synchronized (sending) {
      was = open;
      open = false;
    }
    if (was) {
      registration.join().remove();
      socket.close();
      waiting.values().forEach(w -> w.completeExceptionally(gone()));
      events.lost();
    }
  }

  @Override
  public void close() {
    boolean was;
    synchronized (sending) {
      was = open;
      open = false;
    }
    if (was) {
      registration.join().remove();
      socket.close();
      waiting.values().forEach(w -> w.completeExceptionally(gone()));
    }
  }
}

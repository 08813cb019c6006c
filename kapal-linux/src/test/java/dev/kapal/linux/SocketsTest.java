package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SocketsTest {
  private final Linux linux = Linux.system();
  private final Sockets sockets = linux.sockets();
  private final TempTree tree = new TempTree();

  @AfterEach
  void end() {
    tree.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void passesDescriptors() {
    tree.file("f", "through the socket");
    try (Sockets.Pair pair = sockets.socketpair(SocketType.SEQPACKET);
        Fd file = linux.descriptors().openat(tree.root, "f", Fcntl.O_RDONLY)) {
      sockets.send(pair.first(), bytes("take it"), List.of(file, file));
      byte[] buffer = new byte[100];
      try (Sockets.Received received = sockets.receive(pair.second(), buffer, 3, 50, 5)) {
        assertThat(received.length()).isEqualTo(7);
        assertThat(received.truncated()).isFalse();
        assertThat(new String(buffer, 3, 7, StandardCharsets.UTF_8)).isEqualTo("take it");
        assertThat(received.descriptors()).hasSize(2);
        Fd got = received.descriptors().getFirst();
        assertThat(ProcFiles.text("/proc/self/fdinfo/" + got.number()))
            .containsPattern("flags:\\s+02");
        assertThat(PathBytes.decode(linux.descriptors().readFully(got, 100)))
            .isEqualTo("through the socket");
      }
    }
  }

  @Test
  void neverLeaksDescriptorsThatDoNotFit() {
    try (Sockets.Pair pair = sockets.socketpair(SocketType.STREAM);
        Fd directory = linux.descriptors().open("/proc/self/fd", Fcntl.O_RDONLY)) {
      List<Fd> many = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        many.add(tree.root);
      }
      byte[] buffer = new byte[10];
      for (int most : new int[] {0, 1, 2, 3, 9, 10}) {
        int before = linux.descriptors().list(directory).size();
        sockets.send(pair.first(), bytes("x"), many);
        Sockets.Received received = sockets.receive(pair.second(), buffer, 0, 10, most);
        assertThat(received.descriptors()).hasSize(most);
        assertThat(received.truncated()).isEqualTo(most < 10);
        received.close();
        assertThat(linux.descriptors().list(directory)).hasSize(before);
      }
      sockets.send(pair.first(), bytes("x"), many);
      int before = linux.descriptors().list(directory).size();
      assertThat(sockets.receive(pair.second(), buffer, 0, 10)).isEqualTo(1);
      assertThat(linux.descriptors().list(directory)).hasSize(before);
    }
  }

  @Test
  void saysWhenAPacketWasTooLong() {
    try (Sockets.Pair pair = sockets.socketpair(SocketType.SEQPACKET)) {
      sockets.send(pair.first(), bytes("0123456789"), List.of());
      byte[] buffer = new byte[4];
      Sockets.Received received = sockets.receive(pair.second(), buffer, 0, 4, 0);
      assertThat(received.truncated()).isTrue();
      assertThat(received.length()).isEqualTo(4);
      pair.first().close();
      assertThat(sockets.receive(pair.second(), buffer, 0, 4)).isZero();
    }
  }

  @Test
  void listensAndConnectsAtLongPaths() throws InterruptedException {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      path.append("directory-with-a-long-name-").append(i);
      linux.descriptors().mkdirat(tree.root, path.toString(), 0x1c0);
      path.append('/');
    }
    String name = tree.path + "/" + path + "a-socket-name-of-some-length.sock";
    assertThat(name.length()).isGreaterThan(250);
    try (Fd listener = sockets.listen(name, SocketType.SEQPACKET, 0x1b0)) {
      Stat stat = linux.descriptors().fstatat(Fd.CWD, name, Fcntl.AT_SYMLINK_NOFOLLOW);
      assertThat(stat.type()).isEqualTo(FileType.SOCKET);
      assertThat(stat.permissions()).isEqualTo(0x1b0);
      assertThatThrownBy(() -> sockets.listen(name, SocketType.SEQPACKET, 0x1b0))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE));
      try (Fd client = sockets.connect(name, SocketType.SEQPACKET);
          Fd server = sockets.accept(listener)) {
        Sockets.Credentials peer = sockets.peerCredentials(server);
        assertThat(peer.pid()).isEqualTo(linux.processes().self());
        assertThat(peer.uid())
            .isEqualTo(
                Long.parseLong(
                    linux.processes().status(peer.pid(), "Uid").orElseThrow().split("\t")[0]));
        sockets.send(server, bytes("hi"), List.of());
        sockets.shutdown(server, false, true);
        byte[] buffer = new byte[9];
        assertThat(sockets.receive(client, buffer, 0, 9)).isEqualTo(2);
        assertThat(sockets.receive(client, buffer, 0, 9)).isZero();
      }
      sockets.nonBlocking(listener, true);
      assertThatThrownBy(() -> sockets.accept(listener))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EAGAIN));
    }
    assertThatThrownBy(() -> sockets.connect(name, SocketType.SEQPACKET))
        .isInstanceOfSatisfying(
            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ECONNREFUSED));
  }

  @Test
  void givesUpAfterATimeout() {
    try (Sockets.Pair pair = sockets.socketpair(SocketType.STREAM)) {
      sockets.receiveTimeout(pair.first(), Duration.ofMillis(30));
      long start = System.nanoTime();
      assertThatThrownBy(() -> sockets.receive(pair.first(), new byte[1], 0, 1))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EAGAIN));
      assertThat(System.nanoTime() - start).isBetween(20_000_000L, 5_000_000_000L);
    }
  }

  @Test
  void sendingToNobodyIsAnErrorAndNoSignal() {
    try (Sockets.Pair pair = sockets.socketpair(SocketType.STREAM)) {
      pair.second().close();
      assertThatThrownBy(() -> sockets.send(pair.first(), bytes("x"), List.of()))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EPIPE));
    }
  }

  @Test
  void notifiesSystemd() {
    String path = tree.path + "/notify";
    try (Fd receiver = DatagramReceiver.bind(path)) {
      sockets.notify(path, "READY=1\nSTATUS=up");
      byte[] buffer = new byte[100];
      int n = sockets.receive(receiver, buffer, 0, 100);
      assertThat(new String(buffer, 0, n, StandardCharsets.UTF_8)).isEqualTo("READY=1\nSTATUS=up");
    }
    String name = "kapal-test-" + System.nanoTime();
    try (Fd receiver = DatagramReceiver.bindAbstract(name)) {
      sockets.notify("@" + name, "STOPPING=1");
      byte[] buffer = new byte[100];
      assertThat(sockets.receive(receiver, buffer, 0, 100)).isEqualTo(10);
    }
  }

  @Test
  void readsTheEnvironmentOfSocketActivation() {
    assertThat(SystemdSockets.names(Map.of(), 7)).isEmpty();
    assertThat(SystemdSockets.names(Map.of("LISTEN_PID", "8", "LISTEN_FDS", "2"), 7)).isEmpty();
    assertThat(
            SystemdSockets.names(
                Map.of("LISTEN_PID", "7", "LISTEN_FDS", "3", "LISTEN_FDNAMES", "docker::cri"), 7))
        .containsExactly(Optional.of("docker"), Optional.empty(), Optional.of("cri"));
    assertThat(SystemdSockets.names(Map.of("LISTEN_PID", "7", "LISTEN_FDS", "1"), 7))
        .containsExactly(Optional.empty());
    assertThatThrownBy(() -> SystemdSockets.names(Map.of("LISTEN_PID", "7", "LISTEN_FDS", "-1"), 7))
        .isInstanceOf(ProcFormatException.class);
  }
}

package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Networks by the command line; the daemon lives in a network namespace of its own, so the host's
 * network is untouched.
 */
final class NetworkTest {
  private static final String NAMESPACE = "kit" + ProcessHandle.current().pid();
  private static Daemon daemon;

  @BeforeAll
  static void start() {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/lib/cni/bridge")),
        "needs CNI plugins (Debian: containernetworking-plugins)");
    assumeTrue(Commands.sh("command -v ip").status() == 0, "needs ip (Debian: iproute2)");
    Commands.sh("ip netns add " + NAMESPACE + " && ip -n " + NAMESPACE + " link set lo up")
        .mustSucceed();
    daemon = Daemon.startIn(NAMESPACE);
  }

  @AfterAll
  static void stop() {
    try {
      if (daemon != null) {
        daemon.close();
      }
    } finally {
      Commands.sh("ip netns del " + NAMESPACE);
    }
  }

  @AfterEach
  void removeAll() {
    daemon.ok("ps", "-aq").lines().forEach(id -> daemon.command("rm", "-f", id));
  }

  @Test
  void withoutANetworkThereIsOnlyLoopback() {
    assertThat(daemon.ok("run", "--rm", "--network", "none", "busybox", "ls", "/sys/class/net"))
        .isEqualTo("lo");
    assertThat(
            daemon.ok(
                "run", "--rm", "--network", "none", "busybox", "ping", "-c", "1", "127.0.0.1"))
        .contains("1 packets received");
  }

  @Test
  void containersOnTheBridgeReachEachOther() {
    daemon.ok(
        "run", "-d", "--name", "server", "busybox", "sh", "-c", "echo served | nc -l -p 7000");
    String address = daemon.ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "server");
    assertThat(address).matches("[0-9.]+");
    assertThat(daemon.ok("exec", "server", "cat", "/etc/hosts")).contains(address);
    assertThat(
            daemon.ok(
                "run",
                "--rm",
                "busybox",
                "sh",
                "-c",
                "for i in 1 2 3 4 5 6 7 8 9; do nc -w 2 "
                    + address
                    + " 7000 && break; usleep 100000; done"))
        .isEqualTo("served");
  }

  @Test
  void publishedPortsAnswerFromTheHost() {
    daemon.ok(
        "run",
        "-d",
        "--name",
        "web",
        "-p",
        "127.0.0.1:18080:80",
        "-p",
        "18081:81/udp",
        "busybox",
        "sh",
        "-c",
        "while :; do echo hello | nc -l -p 80; done");
    assertThat(daemon.ok("port", "web", "80")).isEqualTo("127.0.0.1:18080");
    assertThat(
            inside(
                "for i in 1 2 3 4 5 6 7 8 9; do busybox nc -w 2 127.0.0.1 18080 </dev/null && break; sleep 0.2; done"))
        .isEqualTo("hello");
    Result taken = daemon.command("run", "--rm", "-p", "127.0.0.1:18080:80", "busybox", "true");
    assertThat(taken.status()).isEqualTo(125);
    assertThat(taken.err()).contains("18080");
  }

  @Test
  void anothersNetworkIsShared() {
    daemon.ok("run", "-d", "--name", "first", "busybox", "sleep", "60");
    String mine = daemon.ok("exec", "first", "cat", "/sys/class/net/eth0/address");
    assertThat(
            daemon.ok(
                "run",
                "--rm",
                "--network",
                "container:first",
                "busybox",
                "cat",
                "/sys/class/net/eth0/address"))
        .isEqualTo(mine);
  }

  @Test
  void theHostsNetworkIsTheHosts() {
    assertThat(
            daemon.ok(
                "run", "--rm", "--network", "host", "busybox", "readlink", "/proc/self/ns/net"))
        .isEqualTo(inside("readlink /proc/self/ns/net"));
  }

  @Test
  void networksAreMadeUsedAndRemoved() {
    daemon.ok(
        "network",
        "create",
        "--subnet",
        "10.213.7.0/24",
        "--ipv6",
        "--subnet",
        "fd00:213:7::/64",
        "n");
    assertThat(daemon.ok("network", "ls", "--format", "{{.Name}}")).contains("n");
    String addresses =
        daemon.ok("run", "--rm", "--network", "n", "busybox", "ip", "addr", "show", "eth0");
    assertThat(addresses).contains("10.213.7.").contains("fd00:213:7::");
    daemon.ok("run", "-d", "--name", "user", "--network", "n", "busybox", "sleep", "60");
    Result used = daemon.command("network", "rm", "n");
    assertThat(used.status()).isNotZero();
    assertThat(used.err()).contains("user");
    daemon.ok("rm", "-f", "user");
    daemon.ok("network", "rm", "n");
    assertThat(daemon.ok("network", "ls", "--format", "{{.Name}}").lines()).doesNotContain("n");
  }

  @Test
  void namesAreResolvedAsAsked() {
    assertThat(
            daemon.ok(
                "run",
                "--rm",
                "--dns",
                "192.0.2.53",
                "--dns-search",
                "example.test",
                "--add-host",
                "db:192.0.2.9",
                "--hostname",
                "me",
                "busybox",
                "sh",
                "-c",
                "cat /etc/resolv.conf /etc/hosts /etc/hostname"))
        .contains("nameserver 192.0.2.53")
        .contains("search example.test")
        .containsPattern("192\\.0\\.2\\.9\\s+db")
        .endsWith("me");
  }

  @Test
  void addressesComeBackAfterManyRuns() {
    for (int i = 0; i < 20; i++) {
      daemon.ok("run", "--rm", "busybox", "true");
    }
    String left = inside("ls /sys/class/net | grep -c veth || :");
    assertThat(left).isEqualTo("0");
  }

  private static String inside(String script) {
    return Commands.sh("nsenter --net=/run/netns/" + NAMESPACE + " sh -c '" + script + "'").text();
  }

  private static String lookup(String container, String name) {
    return daemon
        .command("exec", container, "sh", "-c", "ping -c 1 -W 1 " + name + " >&2 && echo reached")
        .text();
  }

  @Test
  void aStoppedContainerJoinsWhenItStarts() {
    daemon.ok("network", "create", "--subnet", "10.78.0.0/24", "later");
    try {
      daemon.ok("create", "--name", "idle", "--network", "none", "busybox", "sleep", "1000");
      daemon.ok("network", "connect", "--ip", "10.78.0.7", "--alias", "late", "later", "idle");
      assertThat(daemon.command("network", "rm", "later").err()).contains("idle");
      daemon.ok("start", "idle");
      assertThat(daemon.ok("exec", "idle", "ip", "-4", "-o", "addr", "show", "eth0"))
          .contains("10.78.0.7/24");
      daemon.ok("run", "-d", "--name", "asks", "--network", "later", "busybox", "sleep", "1000");
      assertThat(lookup("asks", "late")).isEqualTo("reached");
      daemon.ok("stop", "-t", "0", "idle");
      daemon.ok("network", "disconnect", "later", "idle");
      daemon.ok("start", "idle");
      assertThat(daemon.ok("exec", "idle", "ls", "/sys/class/net")).isEqualTo("lo");
    } finally {
      removeAll();
      daemon.ok("network", "rm", "later");
    }
  }

  @Test
  void publishedPortsStayWhileNetworksComeAndGo() {
    daemon.ok("network", "create", "east");
    daemon.ok("network", "create", "west");
    try {
      daemon.ok(
          "run",
          "-d",
          "--name",
          "web",
          "--network",
          "east",
          "-p",
          "127.0.0.1:18082:80",
          "-p",
          "[::1]:18083:80",
          "busybox",
          "sh",
          "-c",
          "while :; do echo hello | nc -l -p 80; done");
      assertThat(daemon.ok("port", "web").lines())
          .containsExactly("80/tcp -> 127.0.0.1:18082", "80/tcp -> [::1]:18083");
      assertThat(answer(18082)).isEqualTo("hello");
      daemon.ok("network", "connect", "west", "web");
      assertThat(answer(18082)).isEqualTo("hello");
      daemon.ok("network", "disconnect", "east", "web");
      assertThat(answer(18082)).isEqualTo("hello");
      daemon.ok("network", "disconnect", "west", "web");
      assertThat(answer(18082)).isEmpty();
      daemon.ok("network", "connect", "east", "web");
      assertThat(answer(18082)).isEqualTo("hello");
      daemon.ok("restart", "-t", "0", "web");
      assertThat(answer(18082)).isEqualTo("hello");
    } finally {
      removeAll();
      daemon.ok("network", "rm", "east", "west");
    }
  }

  @Test
  void publishedUdpPortsStayWhileNetworksComeAndGo() throws Exception {
    assumeTrue(Commands.sh("command -v python3").status() == 0, "needs python3: UDP");
    daemon.ok("network", "create", "east");
    daemon.ok("network", "create", "west");
    Process server = null;
    try {
      daemon.ok(
          "run",
          "-d",
          "--name",
          "dns",
          "--network",
          "east",
          "-p",
          "127.0.0.1:18084:53/udp",
          "busybox",
          "sleep",
          "1000");
      String answering =
          "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind((\"\",53))\n"
              + "while True: s.sendto(b\"hello\",s.recvfrom(9)[1])";
      String pid = daemon.ok("inspect", "-f", "{{.State.Pid}}", "dns");
      server = new ProcessBuilder("nsenter", "-t", pid, "-n", "python3", "-c", answering).start();
      assertThat(datagram(18084)).isEqualTo("hello");
      daemon.ok("network", "connect", "west", "dns");
      daemon.ok("network", "disconnect", "east", "dns");
      assertThat(daemon.ok("port", "dns")).isEqualTo("53/udp -> 127.0.0.1:18084");
      assertThat(datagram(18084)).isEqualTo("hello");
      daemon.ok("network", "disconnect", "west", "dns");
      assertThat(daemon.ok("port", "dns")).isEmpty();
      daemon.ok("network", "connect", "east", "dns");
      assertThat(datagram(18084)).isEqualTo("hello");
    } finally {
      if (server != null) {
        server.destroyForcibly();
      }
      removeAll();
      daemon.ok("network", "rm", "east", "west");
    }
  }

  /** What answers a datagram to a port of the host's loopback, soon. */
  private static String datagram(int port) {
    return inside(
        """
        python3 -c "
        import socket
        s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
        s.settimeout(0.2)
        for i in range(25):
          try:
            s.sendto(bytes(1),(socket.inet_ntoa(bytes([127,0,0,1])),%d)); print(s.recv(9).decode()); break
          except OSError: pass
        "
        """
            .formatted(port));
  }

  /** What a port of the host's loopback says, soon; empty: nobody does. */
  private static String answer(int port) {
    return inside(
        "for i in 1 2 3 4 5 6 7 8 9; do busybox nc -w 2 127.0.0.1 "
            + port
            + " </dev/null 2>/dev/null && break; sleep 0.1; done");
  }

  @Test
  void eachNetworkTakesItsOwnWishes() {
    daemon.ok(
        "network",
        "create",
        "--subnet",
        "10.79.1.0/24",
        "--ipv6",
        "--subnet",
        "fd00:79:1::/64",
        "left");
    daemon.ok("network", "create", "--subnet", "10.79.2.0/24", "right");
    try {
      daemon.ok(
          "run",
          "-d",
          "--name",
          "both",
          "--network",
          "name=left,ip=10.79.1.9,ip6=fd00:79:1::9,mac-address=02:42:0a:4f:01:77,alias=x",
          "--network",
          "name=right,ip=10.79.2.9,alias=y",
          "busybox",
          "sleep",
          "1000");
      String show = "ip -o addr show ";
      assertThat(daemon.ok("exec", "both", "sh", "-c", show + "eth0; " + show + "eth1"))
          .contains("10.79.1.9/24", "fd00:79:1::9/64", "10.79.2.9/24");
      assertThat(daemon.ok("exec", "both", "cat", "/sys/class/net/eth0/address"))
          .isEqualTo("02:42:0a:4f:01:77");
      daemon.ok("run", "-d", "--name", "l", "--network", "left", "busybox", "sleep", "1000");
      daemon.ok("run", "-d", "--name", "r", "--network", "right", "busybox", "sleep", "1000");
      assertThat(lookup("l", "x")).isEqualTo("reached");
      assertThat(lookup("r", "y")).isEqualTo("reached");
      assertThat(
              daemon.ok(
                  "run",
                  "--rm",
                  "--network",
                  "left",
                  "--ip6",
                  "fd00:79:1::42",
                  "busybox",
                  "ip",
                  "-o",
                  "-6",
                  "addr",
                  "show",
                  "eth0"))
          .contains("fd00:79:1::42/64");
      Result stranger =
          daemon.command("run", "--rm", "--network", "right", "--ip6", "fd00::1", "busybox");
      assertThat(stranger.status()).isEqualTo(125);
      assertThat(stranger.err()).contains("fd00::1", "\"right\"");
      Result alone =
          daemon.command("run", "--rm", "--network", "left", "--network", "none", "busybox");
      assertThat(alone.status()).isEqualTo(125);
      assertThat(alone.err()).contains("--network none goes with no other network");
    } finally {
      removeAll();
      daemon.ok("network", "rm", "left", "right");
    }
  }

  @Test
  void containersJoinAndLeaveNetworksAndFindEachOtherByName() {
    daemon.ok("network", "create", "front");
    daemon.ok("network", "create", "--subnet", "10.77.0.0/24", "back");
    try {
      daemon.ok("run", "-d", "--name", "web", "--network", "front", "busybox", "sleep", "1000");
      daemon.ok("run", "-d", "--name", "db", "--network", "back", "busybox", "sleep", "1000");
      assertThat(lookup("web", "db")).isEmpty();

      daemon.ok("network", "connect", "--alias", "site", "--ip", "10.77.0.9", "back", "web");
      assertThat(daemon.ok("exec", "web", "ls", "/sys/class/net")).contains("eth1");
      assertThat(lookup("web", "db")).isEqualTo("reached");
      assertThat(lookup("db", "site")).isEqualTo("reached");
      assertThat(daemon.ok("exec", "db", "cat", "/etc/hosts")).contains("10.77.0.9\tweb");
      assertThat(daemon.command("network", "connect", "back", "web").err()).contains("already");
      assertThat(daemon.command("network", "rm", "back").status()).isNotZero();

      // The daemon may die: names still resolve, and the next one knows the networks.
      daemon.kill9();
      daemon.launch();
      assertThat(lookup("web", "db")).isEqualTo("reached");
      daemon.ok("restart", "-t", "0", "web");
      assertThat(lookup("db", "web")).isEqualTo("reached");
      assertThat(
              daemon.ok(
                  "inspect",
                  "-f",
                  "{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{end}}",
                  "web"))
          .contains("front", "back");
      daemon.ok("rename", "db", "store");
      assertThat(lookup("web", "store")).isEqualTo("reached");

      daemon.ok("network", "disconnect", "back", "web");
      assertThat(daemon.ok("exec", "web", "ls", "/sys/class/net")).doesNotContain("eth1");
      assertThat(daemon.ok("exec", "store", "cat", "/etc/hosts")).doesNotContain("web");
      assertThat(lookup("web", "store")).isEmpty();
      assertThat(daemon.command("network", "disconnect", "back", "web").err())
          .contains("is not on network");

      // A container's last network, and its first.
      daemon.ok("network", "disconnect", "front", "web");
      assertThat(daemon.ok("exec", "web", "ls", "/sys/class/net")).isEqualTo("lo");
      daemon.ok("network", "connect", "back", "web");
      assertThat(lookup("web", "store")).isEqualTo("reached");
      assertThat(daemon.command("network", "connect", "host", "web").status()).isNotZero();
      daemon.ok("run", "-d", "--name", "own", "--network", "host", "busybox", "sleep", "1000");
      assertThat(daemon.command("network", "connect", "back", "own").err()).contains("of the host");
    } finally {
      removeAll();
      daemon.ok("network", "rm", "front", "back");
    }
    assertThat(Commands.sh("ip -n " + NAMESPACE + " -o link | grep -c veth").text()).isEqualTo("0");
  }
}

package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProcessesTest {
  private static final List<String> PATH = List.of("PATH=/usr/bin:/bin");

  private final Linux linux = Linux.system();
  private final Processes processes = linux.processes();
  private final TempTree tree = new TempTree();

  @AfterEach
  void end() {
    tree.close();
  }

  private int shell(String script, Map<Integer, Fd> descriptors, SpawnOptions options) {
    return processes.spawn("/bin/sh", List.of("sh", "-c", script), PATH, descriptors, options);
  }

  private String output(String script, SpawnOptions options, Map<Integer, Fd> more) {
    try (Descriptors.Pipe pipe = linux.descriptors().pipe(0)) {
      Map<Integer, Fd> descriptors = new java.util.HashMap<>(more);
      descriptors.put(1, pipe.writer());
      int pid = shell(script, descriptors, options);
      pipe.writer().close();
      byte[] all = linux.descriptors().readFully(pipe.reader(), 1 << 20);
      assertThat(processes.waitpid(pid)).isEqualTo(new ExitStatus.Exited(0));
      return new String(all, StandardCharsets.UTF_8).strip();
    }
  }

  @Test
  void exitCodesAndSignals() {
    assertThat(processes.waitpid(shell("exit 7", Map.of(), SpawnOptions.DEFAULT)))
        .isEqualTo(new ExitStatus.Exited(7));
    ExitStatus killed = processes.waitpid(shell("kill -TERM $$", Map.of(), SpawnOptions.DEFAULT));
    assertThat(killed).isEqualTo(new ExitStatus.Signaled(15, false));
    assertThat(killed.shellCode()).isEqualTo(143);
    assertThat(ExitStatus.ofWaitStatus(killed.waitStatus())).isEqualTo(killed);
    assertThat(ExitStatus.ofWaitStatus(0x8b)).isEqualTo(new ExitStatus.Signaled(11, true));
  }

  @Test
  void saysWhyAProgramCannotBeExecuted() {
    assertThatThrownBy(
            () -> processes.spawn("/no/such", List.of("x"), PATH, Map.of(), SpawnOptions.DEFAULT))
        .hasMessage("spawn \"/no/such\": ENOENT (No such file or directory)");
    assertThatThrownBy(
            () -> processes.spawn("/etc", List.of("x"), PATH, Map.of(), SpawnOptions.DEFAULT))
        .hasMessageContaining("EACCES");
    assertThatThrownBy(
            () -> processes.spawn("/bin/true", List.of(), PATH, Map.of(), SpawnOptions.DEFAULT))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theChildHasItsDescriptorsAndNoOthers() {
    tree.file("a", "A");
    tree.file("b", "B");
    try (Fd a = linux.descriptors().openat(tree.root, "a", Fcntl.O_RDONLY);
        Fd b = linux.descriptors().openat(tree.root, "b", Fcntl.O_RDONLY);
        Fd leak = linux.descriptors().openat(tree.root, "b", Fcntl.O_RDONLY)) {
      // A descriptor without close-on-exec, as libraries in the JVM may have them.
      Sys.check(Sys.call(Nr.FCNTL, leak.number(), 2, 0), "fcntl", "");
      // Crossed: each one's target is the other one's source.
      Map<Integer, Fd> crossed = Map.of(a.number(), b, b.number(), a);
      String got =
          output(
              "cat /dev/fd/" + a.number() + " /dev/fd/" + b.number() + "; ls /proc/$$/fd",
              SpawnOptions.DEFAULT,
              crossed);
      assertThat(got).startsWith("BA0");
      assertThat(got.substring(2).lines())
          .contains("0", "1", "2", "" + a.number(), "" + b.number())
          .doesNotContain("" + leak.number())
          .hasSizeLessThanOrEqualTo(6); // the shell's own script descriptor at most
      assertThat(output("readlink /proc/self/fd/0 /proc/self/fd/2", SpawnOptions.DEFAULT, Map.of()))
          .isEqualTo("/dev/null\n/dev/null");
    }
  }

  @Test
  void optionsAndEnvironment() {
    assertThat(output("pwd; env", SpawnOptions.DEFAULT.in(tree.path), Map.of()))
        .contains(tree.path + "\n")
        .contains("PATH=/usr/bin:/bin")
        .doesNotContain("HOME=");
    String session =
        output("cut -d' ' -f1,5,6 /proc/$$/stat", SpawnOptions.DEFAULT.inNewSession(), Map.of());
    assertThat(session.split(" ")).allMatch(id -> id.equals(session.split(" ")[0]));
    String group =
        output(
            "cut -d' ' -f1,5,6 /proc/$$/stat", SpawnOptions.DEFAULT.inNewProcessGroup(), Map.of());
    assertThat(group.split(" ")[1]).isEqualTo(group.split(" ")[0]);
    assertThat(group.split(" ")[2]).isNotEqualTo(group.split(" ")[0]);
    assertThat(
            output(
                "exec grep -E 'SigIgn|SigBlk' /proc/self/status", SpawnOptions.DEFAULT, Map.of()))
        .isEqualTo("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000");
  }

  @Test
  void runsASealedMemfdThatTheChildDoesNotKeep() throws Exception {
    byte[] program = java.nio.file.Files.readAllBytes(java.nio.file.Path.of("/bin/ls"));
    try (Fd executable = linux.memfds().executable("ls", program);
        Descriptors.Pipe pipe = linux.descriptors().pipe(0)) {
      assertThatThrownBy(() -> linux.descriptors().pwrite(executable, new byte[1], 0, 1, 0))
          .hasMessageContaining("EPERM");
      int pid =
          processes.spawn(
              executable,
              List.of("ls", "-l", "/proc/self/fd", "/proc/self/exe"),
              PATH,
              Map.of(1, pipe.writer()),
              SpawnOptions.DEFAULT);
      pipe.writer().close();
      String listing =
          new String(linux.descriptors().readFully(pipe.reader(), 1 << 20), StandardCharsets.UTF_8);
      assertThat(processes.waitpid(pid)).isEqualTo(new ExitStatus.Exited(0));
      assertThat(listing).containsOnlyOnce("memfd:ls");
      assertThat(listing).containsPattern("/proc/self/exe -> /memfd:ls");
    }
  }

  @Test
  void programsRunFromAnUnlinkedFileWhereMemfdsMayNot() throws Exception {
    byte[] program = java.nio.file.Files.readAllBytes(java.nio.file.Path.of("/bin/true"));
    SystemMemfds memfds = new SystemMemfds(linux.descriptors());
    try (Fd file =
        memfds.unlinkedFile(program, new ErrnoException("memfd_create", "", Errno.EACCES))) {
      assertThat(linux.descriptors().fstat(file).nlink()).isZero();
      assertThatThrownBy(() -> linux.descriptors().write(file, new byte[1], 0, 1))
          .hasMessageContaining("EBADF");
      int pid = processes.spawn(file, List.of("true"), PATH, Map.of(), SpawnOptions.DEFAULT);
      assertThat(processes.waitpid(pid)).isEqualTo(new ExitStatus.Exited(0));
    }
  }

  @Test
  void waitsWithABound() {
    for (KernelFeatures features : List.of(KernelFeatures.host(), KernelFeatures.linux419())) {
      Processes some = Linux.with(features).processes();
      int pid = shell("exec sleep 60", Map.of(), SpawnOptions.DEFAULT);
      assertThat(some.tryWait(pid)).isEmpty();
      assertThat(some.waitpid(pid, Duration.ofMillis(20))).isEmpty();
      some.kill(pid, Signals.SIGKILL);
      assertThat(some.waitpid(pid, Duration.ofSeconds(20)))
          .contains(new ExitStatus.Signaled(9, false));
      assertThatThrownBy(() -> some.waitpid(pid)).hasMessageContaining("ECHILD");
    }
    assertThatThrownBy(() -> Linux.with(KernelFeatures.linux419()).processes().pidfdOpen(1))
        .hasMessageContaining("ENOSYS");
  }

  @Test
  void pidfds() {
    assumeTrue(KernelFeatures.host().waitPidfd(), "needs waitid(P_PIDFD) (Linux 5.4)");
    int pid = shell("exec sleep 60", Map.of(), SpawnOptions.DEFAULT);
    try (Fd pidfd = processes.pidfdOpen(pid)) {
      processes.pidfdSendSignal(pidfd, Signals.SIGTERM);
      assertThat(processes.waitPidfd(pidfd)).isEqualTo(new ExitStatus.Signaled(15, false));
      assertThatThrownBy(() -> processes.pidfdSendSignal(pidfd, 0)).hasMessageContaining("ESRCH");
    }
    int other = shell("exit 3", Map.of(), SpawnOptions.DEFAULT);
    try (Fd pidfd = processes.pidfdOpen(other)) {
      assertThat(processes.waitPidfd(pidfd)).isEqualTo(new ExitStatus.Exited(3));
    }
  }

  @Test
  void looksAtProcesses() {
    int pid =
        processes.spawn(
            "/bin/sleep", List.of("a strange (name", "60"), PATH, Map.of(), SpawnOptions.DEFAULT);
    try {
      // spawn returns when the old memory is gone, a moment before the new command line is there.
      long end = System.nanoTime() + 10_000_000_000L;
      while (processes.info(pid).orElseThrow().command().isEmpty() && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      ProcessInfo info = processes.info(pid).orElseThrow();
      assertThat(info.parent()).isEqualTo(processes.self());
      assertThat(info.command()).containsExactly("a strange (name", "60");
      assertThat(info.name()).isEqualTo("sleep");
      assertThat(info.residentBytes()).isPositive();
      assertThat(info.threads()).isEqualTo(1);
      assertThat(processes.startTime(pid)).contains(info.startTime());
      assertThat(processes.children(processes.self())).contains(pid);
      assertThat(processes.list()).extracting(ProcessInfo::pid).contains(pid, processes.self());
      assertThat(processes.status(pid, "Threads")).contains("1");
      assertThat(processes.cgroups(pid)).isNotEmpty();
      assertThat(processes.namespace(pid, "net"))
          .isEqualTo(processes.namespace(processes.self(), "net"));
      assertThat(processes.namespace(pid, "pid").orElseThrow()).matches("pid:\\[\\d+]");
    } finally {
      processes.kill(pid, Signals.SIGKILL);
      processes.waitpid(pid);
    }
    assertThat(processes.startTime(pid)).isEmpty();
    assertThat(processes.info(pid)).isEmpty();
    assertThat(processes.namespace(pid, "net")).isEmpty();
    assertThat(Capabilities.of(pid)).isEqualTo(Optional.empty());
  }

  @Test
  void parsesStatWithAHostileName() {
    String text =
        "42 (evil) S 1 (x) R 1 42 41 34816 -1 4194304 5 6 7 8 100 200 0 0 20 0 3 0 98765 4096000 10 18446744073709551615 0";
    ProcessStat stat = ProcessStat.parse(text);
    assertThat(stat.name()).isEqualTo("evil) S 1 (x");
    assertThat(stat.state()).isEqualTo('R');
    assertThat(stat.session()).isEqualTo(41);
    assertThat(stat.startTime()).isEqualTo(98765);
    assertThat(stat.threads()).isEqualTo(3);
    assertThatThrownBy(() -> ProcessStat.parse("nonsense")).isInstanceOf(ProcFormatException.class);
  }

  @Test
  void parsesCgroupLines() {
    assertThat(ProcessTable.cgroups("12:cpu,cpuacct:/a:b\n1:name=systemd:/x\n0::/y\n"))
        .containsEntry("cpu,cpuacct", "/a:b")
        .containsEntry("name=systemd", "/x")
        .containsEntry("", "/y");
  }
}

package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TerminalsTest {
  private final Linux linux = Linux.system();
  private final Terminals terminals = linux.terminals();

  @Test
  void opensPseudoTerminals() {
    try (Terminals.PseudoTerminal pty = terminals.openPty()) {
      assertThat(terminals.isTerminal(pty.slave())).isTrue();
      assertThat(pty.number()).isNotNegative();
      assertThat(linux.descriptors().fstat(pty.slave()).rdev())
          .isEqualTo(new Device(136, pty.number()));
      terminals.windowSize(pty.master(), new Terminals.WindowSize(50, 65535));
      assertThat(terminals.windowSize(pty.slave())).isEqualTo(new Terminals.WindowSize(50, 65535));
    }
    try (Fd none = linux.descriptors().open("/dev/null", Fcntl.O_RDWR)) {
      assertThat(terminals.isTerminal(none)).isFalse();
      assertThatThrownBy(() -> terminals.windowSize(none)).hasMessageContaining("ENOTTY");
    }
  }

  @Test
  void rawModeAndBack() {
    try (Terminals.PseudoTerminal pty = terminals.openPty()) {
      byte[] buffer = new byte[20];
      byte[] line = "a\n".getBytes(StandardCharsets.US_ASCII);
      linux.descriptors().writeFully(pty.slave(), line);
      assertThat(linux.descriptors().read(pty.master(), buffer, 0, 20)).isEqualTo(3); // a CR LF
      Terminals.Settings before = terminals.makeRaw(pty.slave());
      assertThat(stty(pty)).contains("-icanon", "-echo", "-isig", "-opost", "cs8", "min = 1");
      linux.descriptors().writeFully(pty.slave(), line);
      assertThat(linux.descriptors().read(pty.master(), buffer, 0, 20)).isEqualTo(2);
      terminals.settings(pty.slave(), before);
      assertThat(terminals.settings(pty.slave())).isEqualTo(before);
      assertThat(stty(pty)).contains(" icanon").doesNotContain("-opost");
    }
  }

  private String stty(Terminals.PseudoTerminal pty) {
    try (Descriptors.Pipe pipe = linux.descriptors().pipe(0)) {
      int pid =
          linux
              .processes()
              .spawn(
                  "/bin/stty",
                  List.of("stty", "-a"),
                  List.of(),
                  Map.of(0, pty.slave(), 1, pipe.writer()),
                  SpawnOptions.DEFAULT);
      pipe.writer().close();
      byte[] all = linux.descriptors().readFully(pipe.reader(), 10_000);
      linux.processes().waitpid(pid);
      return new String(all, StandardCharsets.US_ASCII).replace('\n', ' ');
    }
  }

  @Test
  void refusesSettingsThatAreNone() {
    try (Terminals.PseudoTerminal pty = terminals.openPty()) {
      assertThatThrownBy(() -> terminals.settings(pty.slave(), new Terminals.Settings("00")))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}

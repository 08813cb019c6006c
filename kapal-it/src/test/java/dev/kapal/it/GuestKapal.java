package dev.kapal.it;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Collectors;

/** The installation in a virtual machine, in its usual places. */
class GuestKapal implements Kapal {
  private final Guest guest;

  GuestKapal(Guest guest) {
    this.guest = guest;
  }

  @Override
  public Result commandWithInput(String input, String... words) {
    String in = Base64.getEncoder().encodeToString(input.getBytes(StandardCharsets.UTF_8));
    String line = Arrays.stream(words).map(GuestKapal::quote).collect(Collectors.joining(" "));
    return guest.sh(
        "export KAPAL_NO_START=1\necho '"
            + in
            + "' | base64 -d >/run/in\ntimeout 80 /kapal/bin/kapal "
            + line
            + " </run/in");
  }

  static String quote(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  @Override
  public Result sh(String script) {
    return guest.sh(script);
  }

  @Override
  public String files() {
    return "/root";
  }

  @Override
  public String cgroup() {
    return "/kapal";
  }

  @Override
  public long pid() {
    return Long.parseLong(shell("cat /run/kapal/kapald.pid"));
  }

  @Override
  public void kill9() {
    shell("p=$(cat /run/kapal/kapald.pid); kill -9 $p; while [ -d /proc/$p ]; do sleep 0.05; done");
  }

  @Override
  public void launch() {
    guest
        .sh(
            "KAPAL_JAVA_OPTS="
                + Daemon.BRIEF
                + " setsid /kapal/bin/kapald </dev/null >>/run/kapald.log 2>&1 &\n"
                + "export KAPAL_NO_START=1; i=0\n"
                + "until /kapal/bin/kapal version >/dev/null 2>&1; do\n"
                + "  i=$((i + 1)); [ $i -lt 1000 ] || { cat /run/kapald.log >&2; exit 1; }\n"
                + "  sleep 0.2\ndone",
            Duration.ofMinutes(4))
        .mustSucceed();
  }

  /** What the daemon had to say. */
  String log() {
    return guest.sh("cat /run/kapald.log").out();
  }

  @Override
  public void close() {
    ok("system", "shutdown");
  }
}

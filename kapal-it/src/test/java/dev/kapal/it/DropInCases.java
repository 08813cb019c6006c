package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The OCI command line, as its callers use it. One subclass with a daemon, one without. */
abstract class DropInCases extends DropInFixture {
  @Test
  void goesThroughItsLife() throws Exception {
    Path bundle = oci.bundle("life", "", "sleep", "1000");
    Path pidFile = oci.folder.resolve("life.pid");
    oci.detached("create", "--bundle", bundle.toString(), "--pid-file", pidFile.toString(), "life")
        .mustSucceed();
    assertThat(status("life")).isEqualTo("created");
    String pid = Files.readString(pidFile);
    assertThat(oci.ok("state", "life")).contains("\"pid\" : " + pid).contains("ociVersion");
    assertThat(oci.run("create", "--bundle", bundle.toString(), "life").err())
        .contains("container with given ID already exists");
    oci.ok("start", "life");
    assertThat(status("life")).isEqualTo("running");
    assertThat(oci.run("start", "life").err())
        .contains("cannot start an already running container");
    Result refused = oci.run("delete", "life");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("cannot delete container life that is not stopped: running");
    oci.ok("kill", "life", "KILL");
    await("life", "stopped");
    assertThat(oci.run("kill", "life", "TERM").err())
        .contains("container not running")
        .contains("os: process already finished");
    assertThat(oci.run("exec", "life", "true").err())
        .contains("cannot exec in a stopped container");
    oci.ok("delete", "life");
    assertThat(oci.run("state", "life").err()).contains("container does not exist");
    assertThat(oci.run("delete", "life").err()).contains("container does not exist");
    oci.ok("delete", "--force", "life");
  }

  @Test
  void runsInTheForeground() {
    Path bundle = oci.bundle("fore", "", "sh", "-c", "cat; echo err >&2; exit 5");
    Result result = oci.runWith(Map.of(), "typed\n", "run", "--bundle", bundle.toString(), "fore");
    assertThat(result.status()).isEqualTo(5);
    assertThat(result.out()).isEqualTo("typed\n");
    assertThat(result.err()).isEqualTo("err\n");
    assertThat(oci.left()).isEmpty();
  }

  @Test
  void theProcessIsItsCallersToWaitFor() {
    Path bundle = oci.bundle("wait", "", "sh", "-c", "exit 9");
    // The shell is no subreaper; python becomes one, as conmon and the shim are.
    String script =
        """
        import ctypes, os, subprocess, sys
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        subprocess.check_call(sys.argv[1:] + ['create', '--pid-file', 'wait.pid', '--bundle', '%s', 'wait'])
        pid = int(open('wait.pid').read())
        assert open('/proc/%%d/stat' %% pid).read().rsplit(')')[1].split()[1] == str(os.getpid())
        subprocess.check_call(sys.argv[1:] + ['start', 'wait'])
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        subprocess.check_call(sys.argv[1:] + ['delete', 'wait'])
        try:
            print(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError:
            print('no others')
        """
            .formatted(bundle);
    List<String> line = new java.util.ArrayList<>(List.of("python3", "-c", script));
    line.addAll(oci.line());
    Result result = Commands.run(line, oci.environment(), "", java.time.Duration.ofSeconds(60));
    assertThat(result.mustSucceed().out()).isEqualTo("9\nno others\n");
    Commands.sh("rm -f wait.pid");
  }

  @Test
  void logsErrorsAsItsCallerWants() throws Exception {
    Path log = oci.folder.resolve("log.json");
    Result result = oci.run("--log", log.toString(), "--log-format", "json", "state", "none");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err()).isEqualTo("container does not exist: none\n");
    String line = Files.readString(log);
    assertThat(Commands.sh("jq -r '.level + \" \" + .msg' '" + log + "'").text())
        .isEqualTo("error container does not exist: none");
    assertThat(line).contains("\"time\":\"20");
    Files.delete(log);
    assertThat(oci.run("--nonsense").err()).contains("flag provided but not defined: -nonsense");
  }

  @Test
  void hooksRunInTheirOrderAndReadTheState() throws Exception {
    Path seen = oci.folder.resolve("hooks");
    String hook = "'path': '/bin/sh', 'env': ['X=1'], 'args': ['sh', '-c', '%s']";
    String script = "(echo $0 $X; cat; echo) >>" + seen;
    StringBuilder edits = new StringBuilder("c['hooks'] = {");
    for (String kind :
        List.of("prestart", "createRuntime", "createContainer", "poststart", "poststop")) {
      edits
          .append("'" + kind + "': [{")
          .append(hook.formatted(script.replace("$0", kind)))
          .append("}], ");
    }
    edits.append("'startContainer': [{" + hook.formatted("cat >/inside") + "}]}");
    Path bundle = oci.bundle("hooks", edits.toString(), "sh", "-c", "cat /inside; sleep 1000");
    oci.detached("create", "--bundle", bundle.toString(), "hooks").mustSucceed();
    assertThat(hooks(seen)).containsExactly("prestart 1", "createRuntime 1", "createContainer 1");
    assertThat(Files.readString(seen)).contains("\"status\":\"creating\"").contains("\"pid\":");
    oci.ok("start", "hooks");
    assertThat(Files.readString(oci.rootfs.resolve("inside"))).contains("\"status\":\"created\"");
    oci.ok("delete", "-f", "hooks");
    assertThat(hooks(seen))
        .containsExactly(
            "prestart 1", "createRuntime 1", "createContainer 1", "poststart 1", "poststop 1");
    assertThat(Files.readString(seen)).contains("\"status\":\"stopped\"");
    Files.delete(oci.rootfs.resolve("inside"));

    String failing =
        "c['hooks'] = {'createRuntime': [{" + hook.formatted("echo why >&2; exit 4") + "}]}";
    Path bad = oci.bundle("badhook", failing, "true");
    assertThat(oci.run("create", "--bundle", bad.toString(), "badhook").err())
        .contains("error running createRuntime hook #0: /bin/sh")
        .contains("code 4")
        .contains("why");
    String slow =
        "c['hooks'] = {'prestart': [{'timeout': 1, " + hook.formatted("exec sleep 100") + "}]}";
    Path late = oci.bundle("badhook", slow, "true");
    assertThat(oci.run("create", "--bundle", late.toString(), "badhook").err())
        .contains("did not end within 1 s");
  }

  private static List<String> hooks(Path seen) throws java.io.IOException {
    return Files.readAllLines(seen).stream().filter(l -> l.endsWith(" 1")).toList();
  }

  @Test
  void processesJoinAClassOfService() throws Exception {
    Path resctrl = Files.createDirectories(oci.folder.resolve("resctrl/gold")).getParent();
    Map<String, String> env = Map.of("KAPAL_RESCTRL", resctrl.toString());
    Path bundle = oci.bundle("rdt", "c['linux']['intelRdt'] = {'closID': 'gold'}", "sleep", "1000");
    oci.detachedWith(env, "run", "-d", "--bundle", bundle.toString(), "rdt").mustSucceed();
    String pid = Commands.sh("jq .pid '" + oci.state().resolve("rdt/state.json") + "'").text();
    Path tasks = resctrl.resolve("gold/tasks");
    assertThat(Files.readString(tasks)).isEqualTo(pid + "\n");
    Path exec = oci.folder.resolve("exec.pid");
    oci.detachedWith(env, "exec", "-d", "--pid-file", exec.toString(), "rdt", "sleep", "1000")
        .mustSucceed();
    assertThat(Files.readString(tasks)).isEqualTo(Files.readString(exec) + "\n");
    oci.runWith(env, "", "delete", "--force", "rdt").mustSucceed();
    assertThat(tasks).exists();

    oci.bundle("rdt", "c['linux']['intelRdt'] = {'closID': 'silver'}", "true");
    assertThat(oci.runWith(env, "", "run", "--bundle", bundle.toString(), "rdt").err())
        .contains("no class of service silver");
    assumeTrue(
        !Files.readString(Path.of("/proc/mounts")).contains(" resctrl "),
        "resctrl is mounted here");
    assertThat(oci.run("run", "--bundle", bundle.toString(), "rdt").err())
        .contains("resctrl, which is not mounted");
    assertThat(oci.left()).isEmpty();
  }

  @Test
  void killedWhileItCreatesItLeavesWhatDeleteFinds() throws Exception {
    Path bundle = oci.bundle("cut", "", "sleep", "1000");
    for (int delay = 1; delay < 60; delay = delay * 2 + 1) {
      ProcessBuilder builder =
          new ProcessBuilder(oci.line("create", "--bundle", bundle.toString(), "cut"))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.environment().putAll(oci.environment());
      Process process = builder.start();
      TimeUnit.MILLISECONDS.sleep(delay);
      process.destroyForcibly().waitFor();
      oci.ok("delete", "--force", "cut");
      // Whoever decides for the killed one may still be at it, and notices only then.
      for (int i = 0, empty = 0; i < 200 && empty < 8; i++) {
        TimeUnit.MILLISECONDS.sleep(20);
        oci.ok("delete", "--force", "cut");
        empty = oci.left().isEmpty() ? empty + 1 : 0;
      }
      assertThat(oci.left()).as("killed after %d ms", delay).isEmpty();
    }
  }
}

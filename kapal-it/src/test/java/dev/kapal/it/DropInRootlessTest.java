package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** kapal-oci without the host's root: for an ordinary user, and for root in a user namespace. */
final class DropInRootlessTest {
  private static final String DETACHED = " </dev/null >/dev/null 2>err || cat err; ";

  private static OrdinaryUser user;

  @BeforeAll
  static void start() {
    user = new OrdinaryUser();
    user.assumeNamespaces();
  }

  @AfterAll
  static void stop() {
    if (user != null) {
      user.close();
    }
  }

  @AfterEach
  void nothingIsLeft() {
    List<String> left = user.left();
    user.sh("for id in $($K list -q); do $K delete --force $id; done");
    assertThat(left).isEmpty();
  }

  @Test
  void aUsersContainerGoesThroughItsLife() {
    user.bundle("life", "", "sleep", "1000");
    Result result =
        user.sh(
            "cd life; $K create --pid-file pid life"
                + DETACHED
                + """
                $K state life | grep -o '"status" : "[a-z]*"'
                $K exec life id
                $K start life
                $K start life
                $K exec life sh -c 'ps; cat /proc/self/uid_map /proc/self/setgroups; exit 6'
                echo "code $?"
                $K exec --user 1 life id
                $K ps --format json life
                cat pid; echo
                $K list
                $K pause life
                $K events --stats life
                $K delete life
                $K kill life KILL
                while $K state life | grep -q running; do :; done
                $K delete life
                $K state life
                """);
    assertThat(result.out())
        .startsWith("\"status\" : \"created\"\nuid=0 gid=0\n")
        .contains("    1 0        sleep 1000\n")
        .containsPattern("\n +0 +" + user.uid + " +1\ndeny\ncode 6\n")
        .containsPattern("\n\\[(\\d+)\\]\n\\1\n")
        .containsPattern("\nlife +\\d+ +running +" + user.folder + "/life ");
    assertThat(result.err())
        .contains("cannot start an already running container")
        .contains("cannot become user 1")
        .contains("cannot pause container life: it has no control group")
        .contains("cannot tell what is used by container life: it has no control group")
        .contains("cannot delete container life that is not stopped: running")
        .contains("container does not exist: life");
    assertThat(user.folder.resolve("run/kapal-oci")).isDirectory();
  }

  @Test
  void itsRootFileSystemIsMadeOfWhatTheUserMayMount() {
    user.bundle(
        "mounts",
        "c['linux']['namespaces'].append({'type': 'network'})\n"
            + "c['mounts'][5] = {'destination': '/sys', 'type': 'sysfs', 'source': 'sysfs',"
            + " 'options': ['nosuid', 'noexec', 'nodev', 'ro']}",
        "sh",
        "-c",
        "echo x >/dev/null; ls -ln /dev/zero; cat /proc/mounts; ls /sys/class/net; cat /proc/keys;"
            + " echo no >/proc/sys/kernel/domainname");
    Result result = user.sh("cd mounts; $K run mounts");
    assertThat(result.out())
        .contains("crw-rw-rw-    1 65534    65534       1,   5")
        .containsPattern("\nsysfs /sys sysfs ro,nosuid,nodev,noexec")
        .containsPattern("\ndevpts /dev/pts devpts ")
        .contains("\nlo\n");
    assertThat(result.err()).contains("Read-only file system");
  }

  @Test
  void aUserHasATerminalAndAnExitCode() {
    user.bundle("tty", "c['process']['terminal'] = True", "sh", "-c", "tty; exit 3");
    Result result = user.sh("cd tty; script -qec \"$K run tty\" /dev/null");
    assertThat(result.out()).contains("/dev/pts/0");
    assertThat(result.status()).isEqualTo(3);
  }

  @Test
  void hooksRunOutsideAndInside() throws Exception {
    Path log = user.folder.resolve("rootfs/tmp/hooks");
    user.bundle(
        "hooks",
        """
        def hook(name, log):
            return [{'path': '/bin/sh', 'env': ['PATH=/bin:/usr/bin'],
                     'args': ['sh', '-c', 'echo ' + name + ' $(id -u) >>' + log]}]
        c['hooks'] = {'createRuntime': hook('runtime', 'HOST'),
                      'createContainer': hook('create', 'HOST'),
                      'startContainer': hook('start', '/tmp/hooks'),
                      'poststop': hook('stop', 'HOST')}
        """
            .replace("HOST", log.toString()),
        "sh",
        "-c",
        "echo process >>/tmp/hooks");
    assertThat(user.sh("cd hooks; $K run hooks").mustSucceed().err()).isEmpty();
    assertThat(Files.readString(log))
        .isEqualTo("runtime %1$d\ncreate 0\nstart 0\nprocess\nstop %1$d\n".formatted(user.uid));
    Files.delete(log);
  }

  @Test
  void aUserIsToldWhatCannotBe() {
    user.bundle(
        "none",
        "l = c['linux']; del l['namespaces'][-1]; del l['uidMappings']; del l['gidMappings']",
        "true");
    assertThat(user.sh("cd none; $K run none").err())
        .contains("rootless container requires user namespaces");
    user.bundle("path", "c['linux']['cgroupsPath'] = '/of-somebody-else'", "true");
    assertThat(user.sh("cd path; $K run path").err())
        .contains("cannot make the control group /of-somebody-else")
        .contains("leave them out");
    user.bundle("scope", "c['linux']['cgroupsPath'] = 'user.slice:its:scope'", "true");
    assertThat(user.sh("cd scope; $K --systemd-cgroup run scope").err())
        .contains("cannot make the control group /user.slice/its-scope.scope")
        .contains("--cgroup-manager cgroupfs");
    user.bundle("limit", "c['linux']['resources'] = {'pids': {'limit': 9}}", "true");
    assertThat(user.sh("cd limit; $K run limit").err()).contains("linux.resources");
    assertThat(user.sh("unset XDG_RUNTIME_DIR; cd none; $K run none").err())
        .contains("/run/kapal-oci")
        .contains("Permission denied");
    assertThat(user.sh("cd none; $K checkpoint none").err()).contains("needs the host's root");
  }

  /** Killed while a hook runs: there is no control group that would tell what belongs to it. */
  @Test
  void aKilledCreationCanBeDeleted() throws Exception {
    user.bundle(
        "killed",
        "c['hooks'] = {'createRuntime': [{'path': '/bin/sh', 'args': ['sh', '-c', 'echo >%s/there;"
                .formatted(user.folder)
            + " exec sleep 1000']}]}",
        "true");
    Process create =
        new ProcessBuilder(user.words(List.of(), Map.of(), "cd killed; exec $K create killed"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    Path there = user.folder.resolve("there");
    for (int i = 0; i < 400 && !Files.exists(there); i++) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertThat(there).exists();
    // setpriv, env and sh have all become kapal-oci.
    create.destroyForcibly().waitFor();
    assertThat(user.sh("$K delete --force killed").mustSucceed().out()).isEmpty();
    for (int i = 0; i < 100 && !user.left().isEmpty(); i++) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    Files.delete(there);
  }

  /** As Podman, containerd and dockerd without root call a runtime. */
  @Test
  void rootInAUserNamespaceHasContainers() {
    user.bundleOf("spec", "mapped", "", "sleep", "1000");
    user.bundleOf(
        "spec",
        "bound",
        "c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'network']",
        "sh",
        "-c",
        "grep ' /sys sysfs ro' /proc/mounts >/dev/null && ls /sys/class/net; id");
    Result result =
        user.inNamespace(
            "(cd mapped; $K run -d mapped"
                + DETACHED
                + """
                $K exec mapped sh -c 'grep -c " /dev/null devtmpfs" /proc/mounts; ls /sys/class/net'
                $K ps mapped
                $K kill --all mapped KILL
                $K delete --force mapped
                $K state mapped) 2>&1
                cd bound; $K run bound
                """);
    assertThat(result.out())
        .startsWith("1\nlo\n")
        .contains("sleep 1000")
        .contains("container does not exist: mapped")
        .endsWith("uid=0 gid=0\n");
  }

  @Test
  void severalIdsAreMappedByTheHostsProgramsForIt() {
    assumeTrue(Commands.sh("command -v newuidmap").status() == 0, "uidmap is not installed");
    assumeTrue(user.named("true").status() != 77, "the host has no /etc/subuid");
    String ids =
        "for w in 'uid', 'gid': c['linux'][w + 'Mappings'] = [{'containerID': 0, 'hostID': %d,"
                .formatted(user.uid)
            + " 'size': 1}, {'containerID': 1, 'hostID': %d, 'size': 65536}]\n"
            + "c['process']['user'] = {'uid': 1000, 'gid': 1000, 'additionalGids': [5, 6]}";
    String show = "id; cat /proc/self/uid_map /proc/self/gid_map; ls -ln /tmp/its; sleep 1000";
    user.bundle("ids", ids.formatted(200000), "sh", "-c", ": >/tmp/its; " + show);
    Commands.sh("chmod 1777 '" + user.folder + "/rootfs/tmp'").mustSucceed();
    Result result =
        user.named(
            "cd ids; $K run -d ids </dev/null >out 2>&1;"
                + " while ! grep -q its out; do :; done; cat out; cd ..; stat -c %u rootfs/tmp/its;"
                + " $K exec ids id; $K exec --user 0 ids sh -c 'exec busybox rm /tmp/its';"
                + " $K delete --force ids");
    String maps = " +0 +" + user.uid + " +1\n +1 +200000 +65536\n";
    assertThat(result.out())
        .startsWith("uid=1000 gid=1000 groups=5,6\n")
        .containsPattern("\n" + maps + maps)
        .contains("\n200999\n")
        .contains("\nuid=1000 gid=1000 groups=5,6\n");
    user.bundle("others", ids.formatted(300000), "true");
    assertThat(user.named("cd others; $K run others").err())
        .contains("newuidmap does not map the ids")
        .contains("/etc/subuid");
    // Without a name he has no subordinate ids, and without the program nobody maps them.
    assertThat(user.sh("cd ids; $K run ids").err()).contains("newuidmap does not map the ids");
  }

  /** Where somebody has given him a control group, he has all that hangs on one. */
  @Test
  void aDelegatedControlGroupIsUsed() {
    String group = "kapal-it-user-" + ProcessHandle.current().pid();
    user.bundle("limits", "c['linux']['cgroupsPath'] = '/" + group + "/c'", "sleep", "1000");
    String delegate =
        """
        tops=/sys/fs/cgroup
        [ -e $tops/cgroup.controllers ] || tops=$tops/*
        for top in $tops; do
          [ -e $top/cgroup.procs ] || continue
          mkdir -p $top/%1$s/caller
          for d in %1$s %1$s/caller; do
            [ ! -e $top/$d/cpuset.cpus ] || [ -e $top/$d/cgroup.type ] || {
              cat $top/cpuset.cpus >$top/$d/cpuset.cpus
              cat $top/cpuset.mems >$top/$d/cpuset.mems
            }
          done
          chown -R %2$d:%2$d $top/%1$s
          echo $$ >$top/%1$s/caller/cgroup.procs || exit 77
        done
        exec "$@"
        """
            .formatted(group, user.uid);
    List<String> line = new ArrayList<>(List.of("sh", "-c", delegate, "sh"));
    line.addAll(
        user.words(
            List.of(),
            Map.of(),
            "cd limits; $K run -d limits"
                + DETACHED
                + """
                $K pause limits
                $K state limits | grep -o '"status" : "[a-z]*"'
                $K resume limits
                $K events --stats limits
                $K exec limits cat /proc/self/cgroup
                $K delete --force limits
                """));
    try {
      Result result = Commands.run(line, Map.of(), "", Duration.ofSeconds(60));
      assumeTrue(result.status() != 77, "control groups cannot be entered here: " + result.err());
      assertThat(result.out())
          .startsWith("\"status\" : \"paused\"\n{\"type\":\"stats\"")
          .contains(":/" + group + "/c\n");
      assertThat(Commands.sh("find /sys/fs/cgroup -path '*/" + group + "/c'").out()).isEmpty();
    } finally {
      Commands.sh("find /sys/fs/cgroup -depth -type d -path '*/" + group + "*' -exec rmdir {} ';'");
    }
  }

  @Test
  void podman() {
    assumeTrue(
        Commands.sh("command -v podman && command -v conmon && command -v newuidmap").status() == 0,
        "podman or uidmap is not installed");
    assumeTrue(user.named("true").status() != 77, "the host has no /etc/subuid");
    String podman =
        "podman --root $HOME/store --runroot $HOME/run/store --storage-driver vfs"
            + " --events-backend file --cgroup-manager cgroupfs --runtime $HOME/kapal-oci ";
    String run = podman + "run --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 ";
    String prepare =
        "printf '#!/bin/sh\\nKAPAL_OCI_SOCKET=none exec %s \"$@\"\\n' $K >kapal-oci;"
            + " chmod +x kapal-oci; tar -C rootfs -cf root.tar .; ";
    Result trial =
        user.named(prepare + podman + "import -q root.tar localhost/box && podman unshare true");
    assumeTrue(trial.status() == 0, "Podman does not work here: " + trial.err());
    try {
      Result result =
          user.named(
              run
                  + "--rm localhost/box sh -c 'id; exit 4'; echo code $?\n"
                  + run
                  + "-d --user 7 --name one localhost/box sleep 1000 >/dev/null\n"
                  + podman
                  + "exec one sh -c 'id; exit 6'; echo code $?\n"
                  + podman
                  + "ps --format '{{.Names}} {{.Status}}'\n"
                  + podman
                  + "top one\n"
                  + podman
                  + "kill -s KILL one; "
                  + podman
                  + "wait one\n"
                  + podman
                  + "rm one; $K list -q");
      assertThat(result.out())
          .startsWith("uid=0 gid=0\ncode 4\nuid=7 gid=0")
          .contains("code 6\none Up ")
          .contains("sleep 1000")
          .endsWith("one\n137\none\n");
    } finally {
      user.named(podman + "rm -f -t 0 -a; podman unshare rm -rf $HOME/store");
      // It keeps a process that holds its namespace.
      Commands.sh("kill -9 $(ps -o pid= -C podman -u " + user.uid + ") 2>/dev/null");
    }
  }
}

package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Mounts of kapal-oci, and where memory comes from, as callers of runc know them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class DropInMountsTest {
  private static final String MAPS =
      """
      c['linux']['namespaces'] += [{'type': 'user'}]
      c['linux']['uidMappings'] = c['linux']['gidMappings'] = [
        {'containerID': 0, 'hostID': 100000, 'size': 65534}]
      """;

  private DropIn oci;

  @BeforeAll
  void start() {
    oci = DropIn.withDaemon();
    // What a user namespace's root has to make in the root file system.
    Commands.sh("chmod 755 '" + oci.folder + "' && chown 100000:100000 '" + oci.rootfs + "'");
  }

  @AfterAll
  void stop() {
    if (oci != null) {
      oci.close();
    }
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(oci.left()).isEmpty();
  }

  private Result run(String edits, String script) {
    Path bundle = oci.bundle("mounts", edits, "sh", "-c", script);
    return oci.run("run", "--bundle", bundle.toString(), "mounts");
  }

  private static String mount(String destination, String type, String source, String... options) {
    return "c['mounts'] += [{'destination': '%s', 'type': '%s', 'source': '%s', 'options': [%s]}]\n"
        .formatted(
            destination,
            type,
            source,
            String.join(",", List.of(options).stream().map(o -> "'" + o + "'").toList()));
  }

  private void inRoot(String script) {
    assertThat(Commands.sh("cd '" + oci.rootfs + "' && " + script).status()).isZero();
  }

  @Test
  void aTmpfsHasTheModeOfWhatItCovers() {
    inRoot("mkdir -p covered && chmod 710 covered && echo old >covered/file");
    String edits =
        mount("/covered", "tmpfs", "tmpfs", "size=1m")
            + mount("/missing/dir", "tmpfs", "tmpfs", "size=1m");
    assertThat(run(edits, "stat -c %a /covered /missing/dir; ls /covered").mustSucceed().out())
        .isEqualTo("710\n1777\n");
    assertThat(
            run(
                    mount("/covered", "tmpfs", "tmpfs", "tmpcopyup"),
                    "stat -c %a /covered; cat /covered/*")
                .mustSucceed()
                .out())
        .isEqualTo("710\nold\n");
    assertThat(
            run(
                    mount("/covered", "tmpfs", "tmpfs", "tmpcopyup", "mode=1500", "ro"),
                    "stat -c %a /covered; cat /covered/*; touch /covered/new 2>&1")
                .out())
        .startsWith("1500\nold\n")
        .contains("Read-only file system");
    inRoot("[ $(stat -c %a covered) = 710 ] && rm -r covered missing");
  }

  @Test
  void aReadOnlyDevHasItsDevices() {
    String edits = "[m['options'].append('ro') for m in c['mounts'] if m['destination'] == '/dev']";
    assertThat(run(edits, "echo x >/dev/null && ls /dev/fd >/dev/null; touch /dev/new 2>&1").out())
        .contains("Read-only file system");
    assertThat(run(edits + "\n" + MAPS, "echo x >/dev/null; touch /dev/new 2>&1").out())
        .contains("Read-only file system");
  }

  @Test
  void procIsNotMountedWhereALinkLeads() {
    inRoot("ln -s /tmp link");
    for (String type : List.of("proc", "sysfs")) {
      assertThat(run(mount("/link", type, type), "true").err())
          .contains("must be mounted on ordinary directory");
    }
    inRoot("rm link");
  }

  /** The kernel lists mounts in the order in which they were made. */
  @Test
  void mountsAreMadeInTheirOrder() throws Exception {
    Path source = Files.createDirectories(oci.folder.resolve("source/sub"));
    Files.writeString(source.resolve("file"), "from the source\n");
    String rootfs = oci.rootfs.toString();
    inRoot("ln -s /etc outside");
    String edits =
        mount("/one", "tmpfs", "tmpfs", "size=1m")
            + mount("two", "bind", source.getParent().toString(), "rbind", "rshared")
            + mount(rootfs + "/three", "tmpfs", "tmpfs", "size=1m")
            // Only the second mount makes these, and the link leads to the container's /etc.
            + mount("/four", "bind", rootfs + "/two/sub", "rbind", "ro")
            + mount("/five", "bind", rootfs + "/two/sub/file", "bind")
            + mount("/six", "bind", rootfs + "/outside", "bind");
    String script =
        "cat /four/file /five; ls /six | grep passwd; grep -oE ' /(one|two|three|four|five) ' /proc/self/mountinfo";
    String seen = "from the source\nfrom the source\npasswd\n";
    assertThat(run(edits, script).mustSucceed().out())
        .isEqualTo(seen + " /one \n /two \n /three \n /four \n /five \n");
    // There the sources of the host are opened before the namespaces are made.
    assertThat(run(edits + MAPS, script).mustSucceed().out())
        .startsWith(seen)
        .contains(" /one \n /three \n /four \n /five \n");
    assertThat(run(mount("/four", "bind", rootfs + "/nowhere", "bind"), "true").err())
        .contains("/nowhere on /four")
        .contains("No such file or directory");
    inRoot("rmdir one two three four six && rm five outside");
  }

  @Test
  void flagsThatAreNotNamedAreClearedUnlessTheyAreLocked() throws Exception {
    Path source = Files.createDirectories(oci.folder.resolve("flags"));
    assertThat(Commands.sh("mount -t tmpfs flags '" + source + "'").status()).isZero();
    try {
      Commands.sh("mount -o remount,bind,ro,nosuid,nodev,noatime '" + source + "'");
      String bind = mount("/flags", "bind", source.toString(), "bind");
      String named = mount("/flags", "bind", source.toString(), "bind", "noexec");
      String script = "grep -o ' /flags tmpfs [a-z,]*' /proc/mounts";
      assertThat(run(bind, script).mustSucceed().text()).endsWith(" ro,nosuid,nodev,noatime");
      assertThat(run(named, script).mustSucceed().text()).endsWith(" rw,noexec,noatime");
      assertThat(run(named + MAPS, script).mustSucceed().text())
          .endsWith(" ro,nosuid,nodev,noexec,noatime");
      for (String option : List.of("rw", "suid", "relatime")) {
        String changing = mount("/flags", "bind", source.toString(), "bind", option);
        assertThat(run(changing, "true").mustSucceed().out()).isEmpty();
        assertThat(run(changing + MAPS, "true").err())
            .as(option)
            .contains("Operation not permitted")
            .contains("flags that the source's mount has stay");
      }
    } finally {
      Commands.sh("umount '" + source + "'");
    }
    inRoot("rmdir flags");
  }

  @Test
  void idsAreMappedAsAJoinedUserNamespaceHasThem() throws Exception {
    assumeTrue(
        Commands.sh("echo '" + oci.ok("features") + "' | jq .linux.mountExtensions.idmap.enabled")
            .text()
            .equals("true"),
        "needs id-mapped mounts");
    Path source = Files.createDirectories(oci.bundle("mounts", "", "true").resolve("mapped"));
    Files.writeString(source.resolve("file"), "x");
    Commands.sh("chown 5:6 '" + source.resolve("file") + "'");
    Path other = oci.bundle("other", MAPS, "sleep", "1000");
    oci.detached("run", "--detach", "--bundle", other.toString(), "other").mustSucceed();
    try {
      String pid = Commands.sh("jq .pid '" + oci.state().resolve("other/state.json") + "'").text();
      String joined =
          "c['linux']['namespaces'] += [{'type': 'user', 'path': '/proc/%s/ns/user'}]\n";
      // A relative source is the bundle's, a relative place the root's.
      String edits = mount("mapped", "bind", "mapped", "bind", "idmap");
      for (String user : List.of(joined.formatted(pid), MAPS)) {
        assertThat(run(edits + user, "stat -c %u:%g /mapped/file").mustSucceed().text())
            .isEqualTo("5:6");
      }
    } finally {
      oci.ok("delete", "--force", "other");
    }
    inRoot("rmdir mapped");
  }

  @Test
  void memoryComesFromTheNodesOfItsPolicy() {
    assumeTrue(Files.exists(Path.of("/proc/self/numa_maps")), "the kernel knows no NUMA");
    String policy = "c['linux']['memoryPolicy'] = {'mode': '%s', 'nodes': '%s', 'flags': ['%s']}";
    Path bundle =
        oci.bundle(
            "mounts", policy.formatted("MPOL_BIND", "0", "MPOL_F_STATIC_NODES"), "sleep", "1000");
    oci.detached("run", "--detach", "--bundle", bundle.toString(), "mounts").mustSucceed();
    String pid = Commands.sh("jq .pid '" + oci.state().resolve("mounts/state.json") + "'").text();
    assertThat(Commands.sh("head -n 1 /proc/" + pid + "/numa_maps").text())
        .contains(" bind=static:0 ");
    assertThat(oci.ok("exec", "mounts", "head", "-n", "1", "/proc/self/numa_maps"))
        .contains(" bind=static:0 ");
    oci.ok("delete", "--force", "mounts");
    assertThat(run(policy.formatted("MPOL_BIND", "1023", "MPOL_F_STATIC_NODES"), "true").err())
        .contains("cannot set the memory policy MPOL_BIND for the nodes 1023")
        .contains("cpuset.mems");
    assertThat(run(policy.formatted("MPOL_LOCAL", "0", "MPOL_F_STATIC_NODES"), "true").err())
        .contains("linux.memoryPolicy.nodes");
    assertThat(
            Commands.sh("echo '" + oci.ok("features") + "' | jq -c .linux.memoryPolicy.flags")
                .text())
        .isEqualTo("[\"MPOL_F_NUMA_BALANCING\",\"MPOL_F_RELATIVE_NODES\",\"MPOL_F_STATIC_NODES\"]");
  }
}

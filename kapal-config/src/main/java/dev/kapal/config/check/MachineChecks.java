package dev.kapal.config.check;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What virtual machines need: a processor that really runs guests, QEMU, virtiofsd. */
final class MachineChecks {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Pattern VERSION = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})");
  private static final List<String> QEMU =
      List.of(
          "/opt/kata/bin/qemu-system-x86_64",
          "/opt/kata/bin/qemu-system-aarch64",
          "qemu-system-x86_64",
          "qemu-system-aarch64",
          "/usr/libexec/qemu-kvm");
  private static final List<String> VIRTIOFSD =
      List.of(
          "/opt/kata/libexec/virtiofsd",
          "/usr/libexec/virtiofsd",
          "/usr/lib/qemu/virtiofsd",
          "virtiofsd");

  private MachineChecks() {}

  /** The processor's own word. */
  static final Check CPU =
      host -> {
        String info = host.text("/proc/cpuinfo").orElse("");
        String flags = info.lines().filter(l -> l.startsWith("flags")).findFirst().orElse("") + " ";
        boolean hardware = flags.contains(" vmx ") || flags.contains(" svm ");
        boolean guest = flags.contains(" hypervisor ");
        if (flags.isBlank()) {
          return List.of(
              Group.MACHINES.ok("vm.cpu", "this architecture tells no flags; see vm.kvm"));
        }
        if (hardware) {
          return List.of(
              Group.MACHINES.ok(
                  "vm.cpu",
                  (flags.contains(" vmx ") ? "vmx (Intel)" : "svm (AMD)")
                      + (guest ? "; this host is itself a virtual machine" : "")));
        }
        if (host.exists("/sys/module/kvm_pvm")) {
          return List.of(
              Group.MACHINES.ok(
                  "vm.cpu", "neither vmx nor svm; kvm_pvm is loaded, which needs neither"));
        }
        return List.of(
            Group.MACHINES.warning(
                "vm.cpu",
                guest
                    ? "this host is a virtual machine whose processor offers it no virtualisation"
                        + " (neither vmx nor svm)"
                    : "the processor's flags have neither vmx nor svm",
                guest
                    ? "allow nested virtualisation for this machine at its host, or use the tiers"
                        + " native and sandbox"
                    : "switch VT-x or SVM on in the firmware"));
      };

  /** A guest that really executed instructions. */
  static final Check KVM =
      host -> {
        Host.Guest guest = host.guest(LIMIT);
        return List.of(
            guest
                .step()
                .map(step -> refused(host, step, Facts.sentence(guest.reason())))
                .orElseGet(() ->
                    Group.MACHINES.ok("vm.kvm", "a guest executed instructions on /dev/kvm")));
      };

  private static Finding refused(Host host, Host.Guest.Step step, String reason) {
    String sentence =
        switch (step) {
          case PROGRAM -> "the guest could not be tried: " + reason;
          case OPEN -> "/dev/kvm cannot be opened: " + reason;
          case VERSION -> "/dev/kvm is no KVM of version 12: " + reason;
          case CREATE_VM -> "/dev/kvm opens, but makes no virtual machine: " + reason;
          case MEMORY -> "a virtual machine was made, but took no memory: " + reason;
          case CREATE_VCPU -> "a virtual machine was made, but no processor for it: " + reason;
          case RUN -> "a virtual processor was made, but executes nothing: " + reason;
          case TIME -> "a virtual processor was made, but its guest did not end in time: " + reason;
        };
    String amd = host.text("/proc/cpuinfo").orElse("").contains("AuthenticAMD") ? "amd" : "intel";
    String remedy =
        switch (step) {
          case OPEN ->
              "modprobe kvm_"
                  + amd
                  + " (if it says \"could not insert\", the processor or the firmware does not"
                  + " virtualise); until then use the tiers native and sandbox";
          case PROGRAM -> "install Kapal anew";
          default -> "look into dmesg; until then use the tiers native and sandbox";
        };
    return Group.MACHINES.warning("vm.kvm", sentence, remedy);
  }

  static final Check NESTED =
      host -> {
        for (String module : List.of("kvm_intel", "kvm_amd")) {
          Optional<String> nested =
              host.text("/sys/module/" + module + "/parameters/nested").map(String::strip);
          if (nested.isPresent()) {
            boolean on = nested.get().equals("1") || nested.get().equals("Y");
            return List.of(
                Group.MACHINES.ok(
                    "vm.nested",
                    on
                        ? "guests can have virtual machines themselves (" + module + ")"
                        : "guests cannot have virtual machines themselves (nested=0 of "
                            + module
                            + ")"));
          }
        }
        return List.of(
            Group.MACHINES.ok(
                "vm.nested",
                host.exists("/sys/module/kvm_pvm")
                    ? "KVM by kvm_pvm, which needs no virtualisation by the processor"
                    : "neither kvm_intel nor kvm_amd is loaded"));
      };

  /** QEMU and virtiofsd, each and together; and the program that is mistaken for Kata's runtime. */
  static final Check PROGRAMS =
      host -> {
        List<Finding> all = new ArrayList<>();
        Optional<Path> qemu = first(host, QEMU);
        Optional<Path> virtiofsd = first(host, VIRTIOFSD);
        Optional<Path> kata = first(host, List.of("containerd-shim-kata-v2"));
        String emulator = qemu.map(p -> version(host, p)).orElse("");
        String files = virtiofsd.map(p -> version(host, p)).orElse("");
        all.add(
            Group.MACHINES.ok(
                "vm.qemu", qemu.map(p -> p + ": " + emulator).orElse("QEMU is not installed")));
        if (kata.isEmpty() && virtiofsd.isEmpty()) {
          return all;
        }
        all.add(pair(qemu.isPresent(), emulator, virtiofsd.isPresent(), files, kata.isPresent()));
        return all;
      };

  private static Optional<Path> first(Host host, List<String> programs) {
    return programs.stream().flatMap(p -> host.lookup().find(p).stream()).findFirst();
  }

  private static String version(Host host, Path program) {
    return host.run(List.of(program.toString(), "--version"), LIMIT).firstLine();
  }

  /**
   * Whether the two fit: vhost-user-fs came to QEMU with 4.2; virtiofsd in C was part of QEMU until
   * 8.0, and since Kata 3 the options given to it are those of the one in Rust.
   */
  static Finding pair(
      boolean qemuHere, String qemu, boolean virtiofsdHere, String virtiofsd, boolean kata) {
    String told =
        "otherwise QEMU says \"Failed to connect … vhost-fs.sock: Connection refused\" or \"Failed"
            + " to read msg header. Read 0 instead of 12\"";
    if (!virtiofsdHere) {
      return Group.MACHINES.warning(
          "vm.virtiofsd",
          "Kata is installed without virtiofsd; " + told,
          "install virtiofsd, or Kata's own static bundle in /opt/kata");
    }
    if (virtiofsd.isEmpty() || !VERSION.matcher(virtiofsd).find()) {
      return Group.MACHINES.warning(
          "vm.virtiofsd",
          "virtiofsd does not tell its version"
              + (virtiofsd.isEmpty() ? "" : ": " + Facts.sentence(virtiofsd)),
          "install it anew, or Kata's own static bundle in /opt/kata");
    }
    Optional<int[]> q = numbers(qemu);
    boolean inC = isC(virtiofsd);
    if (q.isPresent() && (q.get()[0] < 4 || (q.get()[0] == 4 && q.get()[1] < 2))) {
      return Group.MACHINES.warning(
          "vm.virtiofsd",
          "QEMU " + q.get()[0] + "." + q.get()[1] + " knows no vhost-user-fs, which came with 4.2",
          "use a newer QEMU, or Kata's own static bundle in /opt/kata");
    }
    if (inC && q.isPresent() && q.get()[0] >= 8) {
      return Group.MACHINES.warning(
          "vm.virtiofsd",
          "virtiofsd is the one in C of an older QEMU, and QEMU here is "
              + q.get()[0]
              + "."
              + q.get()[1]
              + "; "
              + told,
          "replace it by the virtiofsd in Rust (1.x)");
    }
    if (inC && kata) {
      return Group.MACHINES.warning(
          "vm.virtiofsd",
          "virtiofsd is the one in C, which does not know the options of Kata 3; " + told,
          "replace it by the virtiofsd in Rust (1.x), and name it in virtio_fs_daemon of Kata's"
              + " configuration.toml");
    }
    return Group.MACHINES.ok(
        "vm.virtiofsd",
        Facts.sentence(virtiofsd) + (qemuHere ? ", nothing known against it with this QEMU" : ""));
  }

  /** The one in C has QEMU's own version; the one in Rust began with 0.1 and is at 1.x. */
  private static boolean isC(String version) {
    return numbers(version).filter(v -> v[0] >= 2).isPresent();
  }

  private static Optional<int[]> numbers(String text) {
    Matcher matcher = VERSION.matcher(text);
    return matcher.find()
        ? Optional.of(
            new int[] {Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))})
        : Optional.empty();
  }
}

package dev.kapal.image.build;

import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarType;
import dev.kapal.image.tar.TarWriter;
import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.HistoryEntry;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Index;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.OciJson;
import dev.kapal.oci.Platform;
import dev.kapal.oci.RootFs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.GZIPOutputStream;

/**
 * Makes {@code localhost/busybox} of a static busybox, as an OCI layout tar. The same binary gives
 * the same bytes.
 */
public final class BusyboxImage {
  /** The image's name. */
  public static final String NAME = "localhost/busybox:latest";

  private static final Instant CREATED = Instant.EPOCH;
  private final byte[] binary;
  private final Set<String> applets;

  private BusyboxImage(byte[] binary, Set<String> applets) {
    this.binary = binary;
    this.applets = applets;
  }

  /** Arguments: the binary, and the file to write. Does nothing where there is no such binary. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Path binary = Path.of(args[0]);
    Path target = Path.of(args[1]);
    if (!Files.isExecutable(binary)) {
      System.err.println("no " + binary + ": the embedded image is left out (busybox-static)");
      return;
    }
    byte[] tar = of(binary).layout();
    if (!Files.exists(target) || !java.util.Arrays.equals(Files.readAllBytes(target), tar)) {
      Files.createDirectories(target.toAbsolutePath().getParent());
      Files.write(target, tar);
    }
  }

  /** Reads the binary and asks it for its applets. */
  public static BusyboxImage of(Path binary) throws IOException, InterruptedException {
    Process list = new ProcessBuilder(binary.toString(), "--list-full").start();
    String text = new String(list.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (list.waitFor() != 0 || text.isBlank()) {
      throw new IOException(binary + " --list-full failed: is it busybox?");
    }
    byte[] bytes = Files.readAllBytes(binary);
    if (isDynamic(bytes)) {
      throw new IOException(binary + " is not static: install Debian's busybox-static");
    }
    return new BusyboxImage(bytes, new TreeSet<>(text.lines().map(String::strip).toList()));
  }

  /** Whether an ELF file names an interpreter (PT_INTERP). */
  private static boolean isDynamic(byte[] elf) {
    if (elf.length < 64 || elf[0] != 0x7f || elf[1] != 'E') {
      return false;
    }
    var buffer = java.nio.ByteBuffer.wrap(elf).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    long at = buffer.getLong(32);
    int size = buffer.getShort(54);
    int count = buffer.getShort(56);
    for (int i = 0; i < count && at + (long) i * size + 4 < elf.length; i++) {
      if (buffer.getInt((int) at + i * size) == 3) {
        return true;
      }
    }
    return false;
  }

  private byte[] layer() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TarWriter tar = new TarWriter(out);
    for (String directory :
        List.of(
            "bin",
            "dev",
            "etc",
            "home",
            "proc",
            "run",
            "sbin",
            "sys",
            "usr",
            "usr/bin",
            "usr/sbin",
            "var",
            "var/log")) {
      tar.begin(TarEntry.directory(directory + "/", 0755));
    }
    tar.begin(TarEntry.directory("root/", 0700));
    tar.begin(TarEntry.directory("tmp/", 01777));
    tar.begin(TarEntry.directory("var/tmp/", 01777));
    text(
        tar,
        "etc/passwd",
        """
        root:x:0:0:root:/root:/bin/sh
        daemon:x:1:1:daemon:/usr/sbin:/bin/false
        bin:x:2:2:bin:/bin:/bin/false
        www-data:x:33:33:www-data:/var/www:/bin/false
        nobody:x:65534:65534:nobody:/home:/bin/false
        """);
    text(
        tar,
        "etc/group",
        """
        root:x:0:
        daemon:x:1:
        bin:x:2:
        tty:x:5:
        www-data:x:33:
        users:x:100:
        nogroup:x:65534:
        """);
    text(tar, "etc/nsswitch.conf", "hosts: files dns\n");
    tar.file(TarEntry.file("bin/busybox", binary.length, 0755), binary);
    for (String applet : applets) {
      boolean usual = applet.matches("(usr/)?s?bin/[A-Za-z0-9_.\\[+-]+");
      if (usual && !applet.equals("bin/busybox")) {
        tar.begin(TarEntry.link(TarType.SYMLINK, applet, "/bin/busybox"));
      }
    }
    tar.finish();
    return out.toByteArray();
  }

  private static void text(TarWriter tar, String name, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    tar.file(TarEntry.file(name, bytes.length, 0644), bytes);
  }

  /** The image as an OCI layout in a tar. */
  public byte[] layout() throws IOException {
    byte[] layer = layer();
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
      gzip.write(layer);
    }
    byte[] blob = compressed.toByteArray();
    ContainerConfig config =
        new ContainerConfig(
            "",
            Set.of(),
            List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            List.of(),
            List.of("sh"),
            Set.of(),
            "",
            Map.of("org.opencontainers.image.title", "busybox"),
            "",
            false,
            Optional.empty(),
            List.of(),
            List.of());
    byte[] image =
        OciJson.write(
            ImageConfig.of(
                Platform.host(),
                CREATED,
                "",
                config,
                RootFs.of(List.of(Digest.sha256(layer))),
                List.of(
                    new HistoryEntry(
                        Optional.of(CREATED), "busybox-static with its applets", "", "", false))));
    byte[] manifest =
        OciJson.write(
            Manifest.of(
                Descriptor.of(MediaTypes.CONFIG, image),
                List.of(Descriptor.of(MediaTypes.LAYER_GZIP, blob))));
    Descriptor entry =
        Descriptor.of(MediaTypes.MANIFEST, manifest)
            .withPlatform(Platform.host())
            .withAnnotations(
                Map.of("io.containerd.image.name", NAME, Descriptor.REF_NAME, "latest"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TarWriter tar = new TarWriter(out);
    text(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    for (byte[] each : List.of(blob, image, manifest)) {
      String name = "blobs/sha256/" + Digest.sha256(each).hex();
      tar.file(TarEntry.file(name, each.length, 0644), each);
    }
    byte[] index = OciJson.write(Index.of(List.of(entry)));
    tar.file(TarEntry.file("index.json", index.length, 0644), index);
    tar.finish();
    return out.toByteArray();
  }
}

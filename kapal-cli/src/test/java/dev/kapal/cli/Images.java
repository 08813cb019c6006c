package dev.kapal.cli;

import dev.kapal.image.Image;
import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import dev.kapal.oci.RootFs;
import java.time.Instant;
import java.util.List;

/** Images to show. */
public final class Images {
  private Images() {}

  public static Image busybox() {
    Digest digest = Digest.sha256(new byte[] {1});
    Instant made = Instant.parse("2026-05-20T00:00:00Z");
    return new Image(
        digest,
        List.of(
            Reference.parse("localhost/busybox:latest"),
            Reference.parse("docker.io/library/busybox:1.36")),
        List.of(Reference.parse("docker.io/library/busybox").withDigest(digest)),
        descriptor(digest),
        ImageConfig.of(
            new Platform("linux", "amd64", ""),
            made,
            "",
            ContainerConfig.EMPTY,
            RootFs.of(List.of(digest)),
            List.of()),
        4_430_000,
        made,
        made);
  }

  private static Descriptor descriptor(Digest digest) {
    return new Descriptor("application/vnd.oci.image.manifest.v1+json", digest, 527);
  }
}

package dev.kapal.image.local;

import dev.kapal.image.CheckReport;
import dev.kapal.image.CheckReport.Finding;
import dev.kapal.image.ImageException;
import dev.kapal.image.Lease;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.layers.LayerMeta;
import dev.kapal.image.layers.LayerSpec;
import dev.kapal.image.layers.SnapshotStore;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.OciException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Looks at every blob and every layer, and mends what can be mended. */
final class Checker {
  private final StoreParts parts;
  private final Installer installer;
  private final SnapshotStore snapshots;

  Checker(StoreParts parts, Installer installer, SnapshotStore snapshots) {
    this.parts = parts;
    this.installer = installer;
    this.snapshots = snapshots;
  }

  CheckReport check(boolean repair) {
    List<Finding> findings = new ArrayList<>();
    int blobs = 0;
    for (Digest digest : parts.content().list()) {
      blobs++;
      if (!intact(digest)) {
        if (repair) {
          parts.content().delete(digest);
          parts.configs().remove(digest);
        }
        findings.add(
            new Finding(
                "the content " + digest + " is not what its digest says",
                repair,
                repair ? "removed; the next pull gets it again" : "run with --repair"));
      }
    }
    int layers = 0;
    Set<Digest> broken = new HashSet<>();
    for (LayerMeta layer : parts.layers().list()) {
      layers++;
      if (!parts.layers().intact(layer)) {
        broken.add(layer.chainId());
        if (repair) {
          parts.layers().remove(layer.chainId()).run();
        }
      }
    }
    Set<Digest> mended = new HashSet<>();
    for (CatalogueEntry entry : parts.catalogue().list()) {
      image(entry, repair, findings, mended);
    }
    for (Digest chain : broken) {
      boolean again = repair && (mended.contains(chain) || parts.layers().find(chain).isPresent());
      boolean needed = snapshots.tops().contains(chain);
      findings.add(
          new Finding(
              "the unpacked layer " + chain + " lacks files, or has more than it should",
              again || (repair && !needed),
              again
                  ? "unpacked again"
                  : repair ? "removed; pull the image again" : "run with --repair"));
    }
    for (String name : snapshots.damaged()) {
      findings.add(
          new Finding(
              "the snapshot " + name + " has no readable description",
              false,
              "save what you need of " + name + " and remove it"));
    }
    return new CheckReport(findings, blobs, layers);
  }

  private boolean intact(Digest digest) {
    try {
      return Committer.digestOf(parts.content().open(digest), digest.algorithm()).equals(digest);
    } catch (IOException | ImageException.NotFound _) {
      return !parts.content().has(digest);
    }
  }

  private void image(
      CatalogueEntry entry, boolean repair, List<Finding> findings, Set<Digest> mended) {
    String name = entry.names().isEmpty() ? entry.id().shortHex() : entry.names().get(0).familiar();
    Manifest manifest;
    List<LayerSpec> specs;
    try {
      manifest = parts.manifest(entry);
      specs = LayerSpec.of(manifest, parts.config(entry.id()));
    } catch (ImageException | OciException e) {
      findings.add(
          new Finding(
              "image " + name + " cannot be read: " + e.getMessage(), false, "pull it again"));
      return;
    }
    for (Descriptor layer : manifest.layers()) {
      if (!parts.content().has(layer.digest())) {
        findings.add(
            new Finding(
                "image " + name + " lacks the content " + layer.digest(), false, "pull it again"));
      }
    }
    List<LayerSpec> missing =
        specs.stream().filter(s -> parts.layers().find(s.chainId()).isEmpty()).toList();
    if (missing.isEmpty()) {
      return;
    }
    boolean possible = missing.stream().allMatch(s -> parts.content().has(s.blob().digest()));
    Optional<String> failure = Optional.empty();
    if (repair && possible) {
      try (Lease lease = parts.content().lease()) {
        installer.unpack(specs, Optional.empty(), lease, ProgressListener.SILENT);
        missing.forEach(s -> mended.add(s.chainId()));
      } catch (ImageException e) {
        failure = Optional.of(String.valueOf(e.getMessage()));
      }
    }
    boolean done = repair && possible && failure.isEmpty();
    findings.add(
        new Finding(
            "image "
                + name
                + " has "
                + missing.size()
                + " layers that are not unpacked"
                + failure.map(f -> " (" + f + ")").orElse(""),
            done,
            done ? "unpacked" : possible ? "run with --repair" : "pull it again"));
  }
}

package dev.kapal.image.local;

import dev.kapal.image.ArchiveFormat;
import dev.kapal.image.ImageException;
import dev.kapal.image.Lease;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.ProgressListener.State;
import dev.kapal.image.layers.Chain;
import dev.kapal.image.layers.LayerMeta;
import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarWriter;
import dev.kapal.image.unpack.Decoder;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Index;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.OciJson;
import dev.kapal.oci.Reference;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes images into an archive that Kapal, Docker, Podman, skopeo and containerd read. */
final class ArchiveSaver {
  private final StoreParts parts;
  private final ProgressListener progress;

  ArchiveSaver(StoreParts parts, ProgressListener progress) {
    this.parts = parts;
    this.progress = progress;
  }

  /** An image and the names that it is saved under. */
  record Saved(CatalogueEntry entry, List<Reference> names) {}

  void save(OutputStream out, List<Saved> images, ArchiveFormat format) {
    try (Lease lease = parts.content().lease()) {
      TarWriter tar = new TarWriter(out);
      for (Saved image : images) {
        lease.add(image.entry().manifest().digest());
        lease.add(image.entry().id());
        for (Descriptor layer : parts.manifest(image.entry()).layers()) {
          lease.add(layer.digest());
          tell(layer, State.WAITING, 0, layer.size());
        }
      }
      switch (format) {
        case OCI -> layout(tar, images);
        case DOCKER -> docker(tar, images);
      }
      tar.finish();
    } catch (IOException e) {
      throw new ImageException.Failed("cannot write the archive: " + e.getMessage(), e);
    }
  }

  private void layout(TarWriter tar, List<Saved> images) throws IOException {
    file(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
    List<Descriptor> manifests = new ArrayList<>();
    List<Map<String, Object>> docker = new ArrayList<>();
    Set<Digest> written = new HashSet<>();
    tar.begin(TarEntry.directory("blobs/", 0755));
    tar.begin(TarEntry.directory("blobs/sha256/", 0755));
    for (Saved image : images) {
      Manifest manifest = parts.manifest(image.entry());
      Descriptor descriptor =
          image.entry().manifest().withPlatform(parts.config(image.entry().id()).platform());
      if (image.names().isEmpty()) {
        manifests.add(descriptor);
      }
      for (Reference name : image.names()) {
        manifests.add(
            descriptor.withAnnotations(
                Map.of(
                    "io.containerd.image.name",
                    name.toString(),
                    Descriptor.REF_NAME,
                    name.tag().orElse("latest"))));
      }
      small(tar, image.entry().manifest().digest(), written);
      small(tar, image.entry().id(), written);
      for (Descriptor layer : manifest.layers()) {
        if (written.add(layer.digest())) {
          begin(tar, layer.digest());
          try (InputStream in = parts.content().open(layer.digest())) {
            copy(in, tar, layer, layer.size());
          }
        }
      }
      docker.add(
          line(
              path(image.entry().id()),
              image,
              manifest.layers().stream().map(layer -> path(layer.digest())).toList()));
    }
    Index index = Index.of(manifests);
    file(tar, "index.json", OciJson.write(index));
    file(tar, "manifest.json", OciJson.write(docker));
  }

  private static String path(Digest digest) {
    return "blobs/" + digest.algorithm() + "/" + digest.hex();
  }

  private static Map<String, Object> line(String config, Saved image, List<String> layers) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("Config", config);
    line.put("RepoTags", image.names().stream().map(Reference::familiar).toList());
    line.put("Layers", layers);
    return line;
  }

  private void docker(TarWriter tar, List<Saved> images) throws IOException {
    List<Map<String, Object>> list = new ArrayList<>();
    Set<Digest> written = new HashSet<>();
    for (Saved image : images) {
      Manifest manifest = parts.manifest(image.entry());
      ImageConfig config = parts.config(image.entry().id());
      List<Digest> diffs = config.rootfs().diffIds();
      List<Digest> chain = Chain.ids(diffs);
      List<String> layers = new ArrayList<>();
      for (int i = 0; i < diffs.size(); i++) {
        String name = diffs.get(i).hex() + ".tar";
        layers.add(name);
        if (written.add(diffs.get(i))) {
          plainLayer(tar, name, manifest.layers().get(i), chain.get(i));
        }
      }
      String configName = image.entry().id().hex() + ".json";
      if (written.add(image.entry().id())) {
        file(tar, configName, parts.content().read(image.entry().id()));
      }
      list.add(line(configName, image, layers));
    }
    file(tar, "manifest.json", OciJson.write(list));
  }

  private void plainLayer(TarWriter tar, String name, Descriptor layer, Digest chain)
      throws IOException {
    long size =
        parts
            .layers()
            .find(chain)
            .map(LayerMeta::tarBytes)
            .orElseThrow(() -> new ImageException.Damaged("the layer " + chain + " is missing"));
    tar.begin(TarEntry.file(name, size, 0644));
    try (InputStream in = Decoder.open(parts.content().open(layer.digest()))) {
      copy(in, tar, layer, size);
    }
  }

  private void small(TarWriter tar, Digest digest, Set<Digest> written) throws IOException {
    if (written.add(digest)) {
      begin(tar, digest);
      byte[] content = parts.content().read(digest);
      tar.write(content, 0, content.length);
    }
  }

  private void begin(TarWriter tar, Digest digest) throws IOException {
    long size =
        parts
            .content()
            .size(digest)
            .orElseThrow(() ->
                new ImageException.Damaged(
                    "the content " + digest + " is missing: pull the image again"));
    tar.begin(TarEntry.file(path(digest), size, 0644));
  }

  private void copy(InputStream in, TarWriter tar, Descriptor layer, long total)
      throws IOException {
    byte[] buffer = new byte[128 * 1024];
    long done = 0;
    tell(layer, State.SAVING, done, total);
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      tar.write(buffer, 0, n);
      done += n;
      tell(layer, State.SAVING, done, total);
    }
    tell(layer, State.DONE, total, total);
  }

  private void tell(Descriptor layer, State state, long done, long total) {
    progress.on(new ProgressListener.Layer(layer.digest(), state, done, total));
  }

  private static void file(TarWriter tar, String name, byte[] content) throws IOException {
    tar.file(TarEntry.file(name, content.length, 0644), content);
  }
}

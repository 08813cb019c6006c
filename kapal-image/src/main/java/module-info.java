/** Images: registry client, content store, unpacking, snapshots, archives. */
module dev.kapal.image {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.oci;
  requires transitive dev.kapal.linux;
  requires java.net.http;
  requires com.github.luben.zstd_jni;
  requires org.apache.commons.compress;
  requires org.tomlj;

  exports dev.kapal.image;
  exports dev.kapal.image.local;
  exports dev.kapal.image.registry;
  exports dev.kapal.image.registry.auth;
  exports dev.kapal.image.registry.client;
  exports dev.kapal.image.tar;

  opens dev.kapal.image.layers to
      tools.jackson.databind;
  opens dev.kapal.image.local to
      tools.jackson.databind;
  opens dev.kapal.image.registry.client to
      tools.jackson.databind;
}

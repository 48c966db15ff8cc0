//! Which package holds a library, for the libraries that wheels leave to the system and their own needs.
//!
//! A shortcut past the archive's `Contents` index (12 MB): taken from it for each release, and always checked by
//! opening the package. The manylinux profiles name the libraries a wheel may leave out (auditwheel's policies); nothing
//! else should be missing.

use super::Release;

/// The package of `release` that holds `soname` where the loader looks; `None` when the table does not know.
///
/// A few (`libblas.so.3`) are there only through the links of [`super::alternatives`].
pub fn package(soname: &str, release: Release) -> Option<&'static str> {
    let index = TABLE.binary_search_by_key(&soname, |row| row.soname).ok()?;
    let packages = TABLE[index].packages;
    let package = match release {
        Release::Bookworm => packages[0],
        Release::Trixie => packages[1],
        Release::Forky => packages[2],
    };
    (!package.is_empty()).then_some(package)
}

/// True for libraries of a graphics driver, which the container engine brings in from the host with the device; no
/// image can hold them, for they must match the host's kernel module.
pub fn comes_with_the_host(soname: &str) -> bool {
    let drivers = ["libcuda.so.", "libnvidia-", "libnvcuvid.so.", "libnvoptix.so."];
    drivers.iter().any(|driver| soname.starts_with(driver))
}

struct Row {
    soname: &'static str,
    /// In bookworm, trixie, forky; empty where none holds it.
    packages: [&'static str; 3],
}

const fn row(soname: &'static str, packages: [&'static str; 3]) -> Row {
    Row { soname, packages }
}

const fn same(soname: &'static str, package: &'static str) -> Row {
    row(soname, [package; 3])
}

/// Renamed in trixie, mostly for the 64-bit time type.
const fn t64(soname: &'static str, bookworm: &'static str, later: &'static str) -> Row {
    row(soname, [bookworm, later, later])
}

/// In byte order of the sonames.
const TABLE: &[Row] = &[
    same("libEGL.so.1", "libegl1"),
    same("libGL.so.1", "libgl1"),
    same("libGLESv2.so.2", "libgles2"),
    same("libGLU.so.1", "libglu1-mesa"),
    same("libGLX.so.0", "libglx0"),
    same("libGLdispatch.so.0", "libglvnd0"),
    same("libICE.so.6", "libice6"),
    same("libOpenCL.so.1", "ocl-icd-libopencl1"),
    same("libOpenGL.so.0", "libopengl0"),
    same("libSM.so.6", "libsm6"),
    same("libX11-xcb.so.1", "libx11-xcb1"),
    same("libX11.so.6", "libx11-6"),
    same("libXau.so.6", "libxau6"),
    same("libXcomposite.so.1", "libxcomposite1"),
    same("libXcursor.so.1", "libxcursor1"),
    same("libXdamage.so.1", "libxdamage1"),
    same("libXdmcp.so.6", "libxdmcp6"),
    same("libXext.so.6", "libxext6"),
    same("libXfixes.so.3", "libxfixes3"),
    same("libXi.so.6", "libxi6"),
    same("libXinerama.so.1", "libxinerama1"),
    same("libXrandr.so.2", "libxrandr2"),
    same("libXrender.so.1", "libxrender1"),
    same("libXss.so.1", "libxss1"),
    same("libXtst.so.6", "libxtst6"),
    row("libaio.so.1", ["libaio1", "", ""]),
    t64("libarchive.so.13", "libarchive13", "libarchive13t64"),
    t64("libasound.so.2", "libasound2", "libasound2t64"),
    t64("libatk-1.0.so.0", "libatk1.0-0", "libatk1.0-0t64"),
    t64("libatk-bridge-2.0.so.0", "libatk-bridge2.0-0", "libatk-bridge2.0-0t64"),
    same("libatomic.so.1", "libatomic1"),
    t64("libatspi.so.0", "libatspi2.0-0", "libatspi2.0-0t64"),
    same("libaudit.so.1", "libaudit1"),
    same("libblas.so.3", "libblas3"),
    same("libblkid.so.1", "libblkid1"),
    same("libbrotlicommon.so.1", "libbrotli1"),
    same("libbrotlidec.so.1", "libbrotli1"),
    same("libbsd.so.0", "libbsd0"),
    same("libbz2.so.1.0", "libbz2-1.0"),
    same("libcairo.so.2", "libcairo2"),
    same("libcap-ng.so.0", "libcap-ng0"),
    same("libcap.so.2", "libcap2"),
    same("libcom_err.so.2", "libcom-err2"),
    same("libcrypt.so.1", "libcrypt1"),
    t64("libcrypto.so.3", "libssl3", "libssl3t64"),
    same("libct.so.4", "libct4"),
    t64("libcups.so.2", "libcups2", "libcups2t64"),
    row("libcurl-gnutls.so.4", ["libcurl3-gnutls", "libcurl3t64-gnutls", "libcurl4-gnutls"]),
    t64("libcurl.so.4", "libcurl4", "libcurl4t64"),
    same("libdatrie.so.1", "libdatrie1"),
    t64("libdb-5.3.so", "libdb5.3", "libdb5.3t64"),
    same("libdbus-1.so.3", "libdbus-1-3"),
    t64("libdmtx.so.0", "libdmtx0b", "libdmtx0t64"),
    same("libdrm.so.2", "libdrm2"),
    t64("libelf.so.1", "libelf1", "libelf1t64"),
    t64("libevent-2.1.so.7", "libevent-2.1-7", "libevent-2.1-7t64"),
    same("libexpat.so.1", "libexpat1"),
    same("libexslt.so.0", "libxslt1.1"),
    same("libffi.so.8", "libffi8"),
    same("libfontconfig.so.1", "libfontconfig1"),
    same("libfreetype.so.6", "libfreetype6"),
    same("libfribidi.so.0", "libfribidi0"),
    same("libgbm.so.1", "libgbm1"),
    same("libgcc_s.so.1", "libgcc-s1"),
    same("libgdk_pixbuf-2.0.so.0", "libgdk-pixbuf-2.0-0"),
    t64("libgeos_c.so.1", "libgeos-c1v5", "libgeos-c1t64"),
    same("libgfortran.so.5", "libgfortran5"),
    t64("libgio-2.0.so.0", "libglib2.0-0", "libglib2.0-0t64"),
    same("libgirepository-1.0.so.1", "libgirepository-1.0-1"),
    row("libgirepository-2.0.so.0", ["", "libgirepository-2.0-0", "libgirepository-2.0-0"]),
    t64("libglib-2.0.so.0", "libglib2.0-0", "libglib2.0-0t64"),
    t64("libgmodule-2.0.so.0", "libglib2.0-0", "libglib2.0-0t64"),
    same("libgmp.so.10", "libgmp10"),
    t64("libgnutls.so.30", "libgnutls30", "libgnutls30t64"),
    t64("libgobject-2.0.so.0", "libglib2.0-0", "libglib2.0-0t64"),
    same("libgomp.so.1", "libgomp1"),
    row("libgpgme.so.11", ["libgpgme11", "libgpgme11t64", ""]),
    row("libgpgme.so.45", ["", "", "libgpgme45"]),
    t64("libgphoto2.so.6", "libgphoto2-6", "libgphoto2-6t64"),
    same("libgraphite2.so.3", "libgraphite2-3"),
    same("libgssapi_krb5.so.2", "libgssapi-krb5-2"),
    t64("libgthread-2.0.so.0", "libglib2.0-0", "libglib2.0-0t64"),
    same("libharfbuzz-subset.so.0", "libharfbuzz-subset0"),
    same("libharfbuzz.so.0", "libharfbuzz0b"),
    t64("libhogweed.so.6", "libhogweed6", "libhogweed6t64"),
    same("libhwloc.so.15", "libhwloc15"),
    same("libidn2.so.0", "libidn2-0"),
    same("libjansson.so.4", "libjansson4"),
    same("libjpeg.so.62", "libjpeg62-turbo"),
    same("libk5crypto.so.3", "libk5crypto3"),
    same("libkeyutils.so.1", "libkeyutils1"),
    same("libkrb5.so.3", "libkrb5-3"),
    same("libkrb5support.so.0", "libkrb5support0"),
    same("liblapack.so.3", "liblapack3"),
    row("liblber-2.5.so.0", ["libldap-2.5-0", "", ""]),
    row("liblber.so.2", ["", "libldap2", "libldap2"]),
    row("libldap-2.5.so.0", ["libldap-2.5-0", "", ""]),
    row("libldap.so.2", ["", "libldap2", "libldap2"]),
    same("libltdl.so.7", "libltdl7"),
    same("liblz4.so.1", "liblz4-1"),
    same("liblzma.so.5", "liblzma5"),
    t64("libmagic.so.1", "libmagic1", "libmagic1t64"),
    same("libmariadb.so.3", "libmariadb3"),
    same("libmd.so.0", "libmd0"),
    t64("libmemcached.so.11", "libmemcached11", "libmemcached11t64"),
    same("libmount.so.1", "libmount1"),
    same("libmpfr.so.6", "libmpfr6"),
    t64("libmpi.so.40", "libopenmpi3", "libopenmpi40"),
    same("libncurses.so.6", "libncurses6"),
    same("libncursesw.so.6", "libncursesw6"),
    t64("libnettle.so.8", "libnettle8", "libnettle8t64"),
    same("libnghttp2.so.14", "libnghttp2-14"),
    row("libnsl.so.2", ["libnsl2", "libnsl2", ""]),
    same("libnspr4.so", "libnspr4"),
    same("libnss3.so", "libnss3"),
    same("libnssutil3.so", "libnss3"),
    same("libnuma.so.1", "libnuma1"),
    same("libodbc.so.2", "libodbc2"),
    same("libodbcinst.so.2", "libodbcinst2"),
    same("libopenblas.so.0", "libopenblas0-pthread"),
    same("libp11-kit.so.0", "libp11-kit0"),
    same("libpam.so.0", "libpam0g"),
    same("libpanelw.so.6", "libncursesw6"),
    same("libpango-1.0.so.0", "libpango-1.0-0"),
    same("libpangocairo-1.0.so.0", "libpangocairo-1.0-0"),
    same("libpangoft2-1.0.so.0", "libpangoft2-1.0-0"),
    row("libpcre.so.3", ["libpcre3", "", ""]),
    same("libpcre2-8.so.0", "libpcre2-8-0"),
    same("libpixman-1.so.0", "libpixman-1-0"),
    same("libplc4.so", "libnspr4"),
    t64("libpng16.so.16", "libpng16-16", "libpng16-16t64"),
    same("libportaudio.so.2", "libportaudio2"),
    same("libpq.so.5", "libpq5"),
    same("libproj.so.25", "libproj25"),
    t64("libpsl.so.5", "libpsl5", "libpsl5t64"),
    same("libpulse.so.0", "libpulse0"),
    row("libpython3.11.so.1.0", ["libpython3.11", "", ""]),
    row("libpython3.13.so.1.0", ["", "libpython3.13", "libpython3.13"]),
    row("libpython3.14.so.1.0", ["", "", "libpython3.14"]),
    same("libquadmath.so.0", "libquadmath0"),
    same("librdkafka.so.1", "librdkafka1"),
    t64("libreadline.so.8", "libreadline8", "libreadline8t64"),
    same("librsvg-2.so.2", "librsvg2-2"),
    same("librtmp.so.1", "librtmp1"),
    same("libsasl2.so.2", "libsasl2-2"),
    same("libseccomp.so.2", "libseccomp2"),
    same("libselinux.so.1", "libselinux1"),
    same("libsmime3.so", "libnss3"),
    same("libsnappy.so.1", "libsnappy1v5"),
    same("libsndfile.so.1", "libsndfile1"),
    row("libsodium.so.23", ["libsodium23", "libsodium23", ""]),
    row("libspatialindex.so.6", ["libspatialindex6", "", ""]),
    row("libspatialindex.so.8", ["", "libspatialindex8", "libspatialindex8"]),
    same("libsqlite3.so.0", "libsqlite3-0"),
    t64("libssh2.so.1", "libssh2-1", "libssh2-1t64"),
    t64("libssl.so.3", "libssl3", "libssl3t64"),
    same("libstdc++.so.6", "libstdc++6"),
    same("libsybdb.so.5", "libsybdb5"),
    same("libsystemd.so.0", "libsystemd0"),
    same("libtasn1.so.6", "libtasn1-6"),
    same("libtbb.so.12", "libtbb12"),
    same("libtcl8.6.so", "libtcl8.6"),
    same("libtesseract.so.5", "libtesseract5"),
    same("libthai.so.0", "libthai0"),
    same("libtiff.so.6", "libtiff6"),
    same("libtinfo.so.6", "libtinfo6"),
    t64("libtirpc.so.3", "libtirpc3", "libtirpc3t64"),
    same("libtk8.6.so", "libtk8.6"),
    same("libudev.so.1", "libudev1"),
    row("libunistring.so.5", ["", "libunistring5", "libunistring5"]),
    same("libusb-1.0.so.0", "libusb-1.0-0"),
    same("libuuid.so.1", "libuuid1"),
    t64("libuv.so.1", "libuv1", "libuv1t64"),
    t64("libvips.so.42", "libvips42", "libvips42t64"),
    same("libvulkan.so.1", "libvulkan1"),
    same("libwebp.so.7", "libwebp7"),
    same("libxcb-cursor.so.0", "libxcb-cursor0"),
    same("libxcb-icccm.so.4", "libxcb-icccm4"),
    same("libxcb-image.so.0", "libxcb-image0"),
    same("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    same("libxcb-render-util.so.0", "libxcb-render-util0"),
    same("libxcb-render.so.0", "libxcb-render0"),
    same("libxcb-shape.so.0", "libxcb-shape0"),
    same("libxcb-shm.so.0", "libxcb-shm0"),
    same("libxcb-util.so.1", "libxcb-util1"),
    same("libxcb-xinerama.so.0", "libxcb-xinerama0"),
    same("libxcb.so.1", "libxcb1"),
    same("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    same("libxkbcommon.so.0", "libxkbcommon0"),
    row("libxml2.so.16", ["", "", "libxml2-16"]),
    row("libxml2.so.2", ["libxml2", "libxml2", ""]),
    row("libxmlsec1-openssl.so.1", ["libxmlsec1-openssl", "libxmlsec1t64-openssl", ""]),
    row("libxmlsec1.so.1", ["libxmlsec1", "libxmlsec1t64", ""]),
    same("libxslt.so.1", "libxslt1.1"),
    same("libyaml-0.so.2", "libyaml-0-2"),
    same("libz.so.1", "zlib1g"),
    t64("libzbar.so.0", "libzbar0", "libzbar0t64"),
    same("libzmq.so.5", "libzmq5"),
    same("libzstd.so.1", "libzstd1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_complete_for_manylinux() {
        assert!(TABLE.is_sorted_by(|left, right| left.soname < right.soname));
        for soname in [
            "libstdc++.so.6",
            "libgcc_s.so.1",
            "libatomic.so.1",
            "libz.so.1",
            "libexpat.so.1",
            "libX11.so.6",
            "libXext.so.6",
            "libXrender.so.1",
            "libICE.so.6",
            "libSM.so.6",
            "libGL.so.1",
            "libgobject-2.0.so.0",
            "libgthread-2.0.so.0",
            "libglib-2.0.so.0",
        ] {
            for release in Release::ALL {
                assert!(package(soname, release).is_some(), "{soname}");
            }
        }
    }

    #[test]
    fn names_follow_the_release() {
        assert_eq!(package("libssl.so.3", Release::Bookworm), Some("libssl3"));
        assert_eq!(package("libssl.so.3", Release::Trixie), Some("libssl3t64"));
        assert_eq!(package("libxml2.so.2", Release::Forky), None);
        assert_eq!(package("libnothing.so.1", Release::Trixie), None);
    }

    #[test]
    fn driver_libraries_come_with_the_host() {
        assert!(comes_with_the_host("libcuda.so.1") && comes_with_the_host("libnvidia-ml.so.1"));
        assert!(!comes_with_the_host("libcudart.so.12"));
    }
}

"""Where the recordings come from: addresses at fixed commits, checksums, descriptions."""

KNEE_EMG_URL = (
    "https://raw.githubusercontent.com/LE0920E/EMG-dataset-in-Lower-limb/"
    "834e750e41fa6d79773c62d7ae878f93ef52ee52/gaits_data"
)
ELBOW_LOAD_EMG_URL = (
    "https://raw.githubusercontent.com/BombVoyage/soft_elbow_orthosis/e24cf393f417d7fe4f5e8d72c18032a5b2f3663b/data"
)

KNEE_EMG_DESCR = """\
Knee angle and thigh EMG of 22 men
----------------------------------
Eleven men with a knee abnormality (A01 to A11) and eleven without (N01 to N11), recorded at
1000 Hz while they extend the knee from sitting and flex it from standing.

data: surface EMG [V] of rectus_femoris, biceps_femoris, vastus_medialis and semitendinosus, as
zero-lag envelopes (band-pass 20 to 450 Hz, rectified, low-pass 4 Hz, not normalised) or raw.
target: knee_flexion [rad], flexion positive, from a goniometer.
The index has the levels trial ("N03_sitting") and time [s].

What is known about the recordings
- The source's N02 is a byte-for-byte copy of N01, so N02 is left out.
- The tasks of A02 look swapped (the hamstrings drive "sitting"); it is served only by name.
- The goniometer's sign differs between recordings. A recording whose excursion (the middle of its
  1st and 99th percentile) is negative has been flipped.
- The goniometer's zero differs between subjects by up to 20 deg and is left as recorded.
- There are no torques and no body dimensions. The gait recordings of the source have spikes of
  motion and are not served.

Source: O. Sanchez, J. Sotelo, M. Gonzales, G. Hernandez, "EMG Dataset in Lower Limb", UCI Machine
Learning Repository (2014), https://doi.org/10.24432/C5ZW3P, read as CSV copies from
https://github.com/LE0920E/EMG-dataset-in-Lower-limb at commit 834e750e.
Licence: Creative Commons Attribution 4.0 (CC BY 4.0). Name the authors above where you use it.
"""

ELBOW_LOAD_EMG_DESCR = """\
Elbow angle and biceps EMG of one man under hand loads
------------------------------------------------------
Up to six recordings of elbow flexion at 1000 Hz, with a load in the hand.

data: biceps, surface EMG in counts of the converter, as a zero-lag envelope (band-pass 20 to
450 Hz, rectified, low-pass 4 Hz, not normalised) or raw; hand_load_kg, the load as the name of
the recording states it.
target: elbow_flexion [rad], flexion positive, from a goniometer at 0.045 deg per count.
The index has the levels trial (the name of the recording) and time [s].

What is known about the recordings
- Their author takes counts / 1000 as radians, which gives up to 167 deg, more than an elbow has.
  The usual scale of this sensor, 0.045 deg per count, gives at most 131 deg and is used here.
- There is no EMG of the triceps.
- Some files end in the middle of a line; that row is dropped with a warning.

Source: David Kirov, https://github.com/BombVoyage/soft_elbow_orthosis at commit e24cf393.
Licence: MIT (Copyright 2024 David Kirov).
"""

# sha256 of the source files; the files of 2N equal those of 1N.
KNEE_EMG_SHA256 = {
    "1Asitting": "bee76a77d7181a902614e3432074f7ce6976d83057bd9388e49b99e087c0096b",
    "1Astanding": "846b57eb5d9fa28c16a620659cc40ce13b493475f4e088cf949a3aa294400cb3",
    "2Asitting": "df60e3ba3eb52d6d6b1dc16b3ac4764234d7f6d13060d2448da155e984a355b1",
    "2Astanding": "80c64c05597e1c4ab7787156817bb9c79b3d32d6b9bf09f0c8ea26e9bb1e7f2e",
    "3Asitting": "95bf389361a7592ea2739fba9956b2e2fbe5f006e939a364a90333a1e772635e",
    "3Astanding": "44edc199cd0a3917b841811ee24ab6032918d3d7c5eb4e35ef3449a5bf6e3499",
    "4Asitting": "615ff4f68859bc54b602691e217953cf7d1edda77dc23e5780953c3980715be4",
    "4Astanding": "37d5f220cfc809f609347300e16cb986285ebc6e5fa8f271d063d023890d19de",
    "5Asitting": "59715af709e12b7c6d3d02566a070a9cf6be9b26b70ce688bb937a5f3e828f52",
    "5Astanding": "f4141fd991f382e0ecd9abdaa990dd51c54dbc515af7e2c2595f5654b37648a3",
    "6Asitting": "ee4c0423461c7c8815e1ffedd6fad8c5d44c135bfa322e254d9dbddd6e433b18",
    "6Astanding": "4c1d19ffc915df20e7885a52bcb0c0b0bcd063732aa49cd1e33e1d9aee7daa50",
    "7Asitting": "505f9eb292eb757826db3d3daacdec44f6e7df301b0a31b121d27f1e39c9e752",
    "7Astanding": "f849ef5173726d85b3bbd2701bd5436cd31159f51368fe7bdcfb20fe9dace9ad",
    "8Asitting": "12db16d1a864d69085ccd1ce55876a49a252fe1f9cf474ceda0e652045395250",
    "8Astanding": "c88a7b1c822ee221d41ac3d53c197f8a11e2bf15d835a56f653dec61a5efa388",
    "9Asitting": "27d0268a84d83e0adb589ddb2dcdf21ff6717b71a97dcc4de634e0510d4b6a2a",
    "9Astanding": "369c0c9e7d5e51104b19ecd838377afc6f44953e070177ff802d4f22c9e31e0d",
    "10Asitting": "9d7211a3f43cadd910049001b30b535de203722f0529fb7567d0c3206ac86d6c",
    "10Astanding": "775339014a8da835c04cd5e1966d8c198fe9532f160da3a38198d6e37cb7dd7b",
    "11Asitting": "c684d2cbaffa01837724e3bffa605fe9f95fc69a25decdcef6db754315be2eb1",
    "11Astanding": "476827f9adfce27da7317f56f1f0b4f5257983524bc104fd8fec70550141a88e",
    "1Nsitting": "b0870f40a6ec9010b3ba9adfbf7e5d6350706bccca05950388e21f94dbac5f7a",
    "1Nstanding": "3119ba52a8f98d0dc615c07f978cc66c89b4f41255d676e80064d866bcd0f162",
    "2Nsitting": "b0870f40a6ec9010b3ba9adfbf7e5d6350706bccca05950388e21f94dbac5f7a",
    "2Nstanding": "3119ba52a8f98d0dc615c07f978cc66c89b4f41255d676e80064d866bcd0f162",
    "3Nsitting": "2193ed90c567def4bd9064232ca3803c712f0b3a592dd8d40adb5b24e120af9f",
    "3Nstanding": "e39b67907c908e740d5d47dd00a069632612719d312a715b9172c6943cf5ff1c",
    "4Nsitting": "7377e4ba6ac229782c2f7173249971706d8817060d4a24c27434127c22973b1e",
    "4Nstanding": "193566b73a90585daf936974bac319f49ceb237e1fcfd8b7305eb9e8522b6b34",
    "5Nsitting": "f2cc76e2d5674a561f25a56a8bb4475ae8e1dca61977f83843e22969635d16c7",
    "5Nstanding": "af73ba2d786d6af9ceb8951932e95ab6f1118ff2af012acf309de6fb225729f8",
    "6Nsitting": "2e0dd926958146ae6b1765afafaf432f5565ced95477146deeda2c0a2f816fbc",
    "6Nstanding": "294ba42668fbba33e0314f5fd8450e87eaa5c1e93e4583fa3288ab8cd628b831",
    "7Nsitting": "15da15cd4e8249b7ecaf2f4bf0d8768606a5e417d6988dab1e29245b57e74944",
    "7Nstanding": "76afe3b93a056698f0f91ee1efc5027e8c1d45204e986ba79290dfd83471e832",
    "8Nsitting": "0ebb7318178774d192f33b69946d084da7c6b9ab3b0ae0d10f6d429a37431a05",
    "8Nstanding": "17418e9fc16613ad60b611b618cfb5390fd09beb38aae0aa73557bf8c78defef",
    "9Nsitting": "9490570a2e959c233af8c15f5ebcdac865058971425cae6c6476e3a7257eabe3",
    "9Nstanding": "5ce7755f0b30c28270c67d2bfc01c7cf15ed8a1984666d7f6b97637f43b89861",
    "10Nsitting": "7f0bb54441f16a0f0f52176473e35ddce279aee6ea752099a1d9d42d885d596c",
    "10Nstanding": "dcb69d997a2ee1a5a4f9b839c14ff241bdca0ad51dd6604a8c41876a6f020746",
    "11Nsitting": "1a2651a8ce57ce2067e9e968f47508269b3321c7de2fa9617105bd8ceff67d30",
    "11Nstanding": "f0e8976be670095d41e476853fe72ab84e8e31fec448f0dbc96daf4ce8c76948",
}

ELBOW_LOAD_EMG_SHA256 = {
    "0g": "606e9563ce05df57b81a808a2fa5d9e88e70b6b00d6e0fa4663ac25e18ecd8fa",
    "0g_7": "61f1f43e9e8ba26b2e0a6d01480aeedaa92298b06944b1286c0e292ad9eb66b8",
    "0g_faster": "d50737f18a41959594d7bd1b46731c14bc1849f857ba1d029783d2f63e476963",
    "900g_5": "b04d776a75edf33be700559e49ffc1b15cfd4877675073ac54a409595d2bba94",
    "900g_2_with_stops": "de84b92d6597e68aef80707184376b556fe35e3a505bb7615e8131e0e5d2e4cb",
    "10kg_5": "c3b453897f5a491e9381aa122612069cbfe9c29cca5fb2dc5bf08727e0e0b0fc",
}

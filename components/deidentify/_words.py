"""Word lists: what a description may keep, and which words of a report are names only now and then."""

_EXAMINATION = """
xr cr dx dr cxr rx xray ray rad radiograph radiography radiographic radiographie radiogram film plain digital computed
x chest thorax thoracic thoraxx torax torace brust lung lungs rib ribs sternum clavicle heart mediastinum pulmonary
pa ap pap lat lateral ll rl lld rld left right bilateral frontal oblique obl lpo rpo lao rao apical lordotic decubitus
view views vw vws projection position postero anterior posterior antero posteroanterior anteroposterior
portable port mobile bedside bucky table upright erect standing sitting semi supine prone seated
inspiration expiration inspiratory expiratory insp exp single one two three and or with without w wo
adult child paediatric pediatric infant neonate newborn routine standard general screening preop postop pre post op
follow up followup control emergency ed er icu ccu nicu ward inpatient outpatient trauma
dual energy subtraction soft bone tissue grid nogrid no nongrid x wise auto manual exposure
abdomen pelvis spine cervical lumbar skull hand wrist elbow shoulder humerus forearm hip femur knee tibia ankle foot
extremity brain head neck liver kidney heart breast whole body axial ax coronal cor sagittal sag helical volume loc
localizer scout seq sequential mri pet echo r l rt lt
"""
_TECHNIQUE = """
ct mr mri us nm pt mg rf standard aluminum aluminium copper cu al lead pb carbon fiber fibre molybdenum rhodium
rectangular circular linear none unspecified normal high low medium center centre width window center level lut
presentation processing original derived primary secondary lossy lossless compression jpeg quality factor ratio
scintillator direct storage phosphor slot drive film cassette detector flat panel gadolinium oxysulfide selenium
amorphous silicon csi cesium caesium iodide fcr contrast gain offset gamma edge enhancement noise reduction
not applicable unknown other yes mode automatic interspace fixed focal spot small large
"""
_ORDINARY = """
abdomen about above absent acute adult after again age aged all along also alveolar ambulance anchor and angle
another anterior any aorta aortic apex apical apr april are area areas arm as assessment at atelectasis atrial august
autumn available away back baker ball banks bar bare base bases basilar bay be been before behind bell below best
between bibasilar bilateral bird bishop black blood blunt blunting body bone bones bony border both bow bowel branch
brand breast breath bridge bright bronchial brook brown bulk burn bush but butler by call calcified came can cannon cap
card cardiac cardinal cardiomegaly care carina case cast catheter center central chance change changes changed chase
chest child christian chronic church clavicle clear clinic clinical close cloud cold cole collapse collar comment
comparison conclusion congestion consolidation contour cook cool cooper core corner cost costophrenic could course
cross crown cuff curve cyst dark date daughter dawn day days deacon dean dear december deep degenerative department
device diaphragm diffuse disc disease distance doctor doe dome door dorsal double drain drew dry due duke during
early east easy edema effusion elevated ellis emergency emphysema end english enlarged esophagus esophageal evidence
exam examination excess expert eye fair fall family far farmer fast father feather february fellow field film final
findings fine fisher flat fleet flint flood floor flower focal focus fold foot for force ford foreman forest found fox
fracture frank free french friday frontal frost full further gate general gentle given glass go gold good gown grace
graft grand granuloma grant grave gray great green grey gross ground grossly guest gunshot had half hall hand hard
hardware has have he head healed heart heavy heel height held her here hernia high hilar hilum hill his history holder
hole home hook hope horn hospital house human hunt hunter hyperinflation icu impression improved in inch indication
infant inferior infiltrate inside intact interior interstitial interval into iron is it its january joint joy
judge july june jugular just keen keep key king knee knight lake lamb lane large larger last late lateral law lead
leads leaf left leg lesion less levels level light like limited limits line lines little liver lobe lobar lobes lock
long love low lower lung lungs lymph major male man many march mark marked markings marker marrow mason mass
masses may mead medial mediastinal mediastinum medical medicine mercy mid middle midline mild miller mills minimal
minor moderate monday moon moore moss most mother mouth multiple narrow nasal near neck negative nerve new news night
no nobel noble nodule nodules none normal north note noted november now nurse nursing oblique october of office old
older on opacities opacity open or osseous other out over overall page pain pair palm pan park part patchy patient
patients pattern peace peel peer pen penny pepper physician pike pink place plain plate pleural pneumonia pneumothorax
point pole pool poor pope port portable portal position positive possible post posterior potter powers present price
prior probable procedure process prominent prosthetic pulmonary pulse quick radial radiograph radiologist radiology
rain ray recommended red reed regular report resident residual results rib ribs rice rich ridge right ring rivers road
rock room root rose rough round sands satisfactory saturday savage say scar scarring scott seal second see seen self
senior september shadow shaft shape sharp shaw shell shields short should shoulder side sign signs silhouette silver
since single site six size skin slight small smooth snow soft solid some son sound source south space spaces speed
spine spring stable stack staff star steel stent stern sternal sternotomy stone stomach storm straight strand
street strong structures study subtle such summer sunday superior surgical sweet swift system table tail tall team
technologist temple ten than thank that the there these they thick thickening thin this thoracic thorax three through
thursday tip tissue to today top total towards tower trace trachea tracheal transverse trauma tube tubes tuesday turner
two type under unit unchanged unremarkable up upper upright vascular vein venous ventricle vertebral very view
views visible voice volume walker wall walls ward was water waters wave way weaver wedge wednesday week well were west
wheel when which white who wide wild will winter wires wise with within without wolf woman wood woods words work
would wound wright year years yellow york young your zone
anonymous anonymized unknown test xxx name none null doe hart love
mrn dob ssn clinician consultant emergency provider referring attending service care unit floor nurse practitioner
"""
_EPONYMS = """
bochdalek chilaiditi cobb dobhoff ewing foley ganz ghon hampton harrington hickman hodgkin hounsfield jude kerley
kirschner mach morgagni pancoast ranke sachs starr edwards swan westermark
"""
_VENDORS = """
agfa canon carestream fuji fujifilm ge general electric healthcare kodak konica lumisys minolta philips siemens toshiba
hologic samsung shimadzu swissray varian vidar medical systems corporation company imaging
"""
# Defined terms of CS attributes (PS3.3) that neither a concept nor an attribute's name spells out, and what the
# machines of radiography call their parts and settings.
_TERMS = """
landscape portrait polyline tiled separate manu attn decy dtim norm nrgy scat parts dcmr gray grayscale palette ycbr
ybr rct ict argb hsv cmyk monochrome inverse identity logarithmic sigmoid linear exact undefined unspecified yes none
inx cmx focused parallel crossed stationary reciprocating moving automatic autosensing manual breathing breathhold
rgb bitmap slot strip powder needle powdered binary fractional wsd syn drw cine volumetric resampled scout localizer
axial sagittal coronal rescale bqml counts hounsfield optical density pval displayable raw processed enhanced smoothed
harder softer hard harden sharp sharper softened custom preset default nominal auto user defined algorithm version
release software ver build platform thorax torax abdomen pelvis cspine tspine lspine sspine skull hand wrist knee foot
extremity chestap chestpa chestlat iso ascii unicode gbk rfc dcm sct srt snm ucum umls loinc cpt icd radlex ris
rtdose rtplan rtstruct rtimage rtrecord unverified semiautomatic multicoil dlyd fil rel sel
standard fuji wireless flashpad pixium cxdi drx drum bowtie cassette holder gradual steep
"""
# Names of people inside the names of concepts ("Evans syndrome"): as a word of their own they would be somebody's.
_SURNAMES = """
alexander anderson bauer bell berger boyd burns campbell castro charles cooper cruz davis edwards evans ferguson flores
foster fuchs george gordon graves haas harris hart hill hoffman hunter jack jackson jacob james johnson jones kennedy
king lawrence lee lewis lorenz martin meyer miller mitchell moore morgan murray nelson parker paul perez peter phillips
richardson robert robertson roberts rodriguez rogers russell scott simmons simpson smith stewart taylor thomas thompson
turner victoria walker warren washington williams willis wilson wolf wright young
"""
_TITLES = "dr drs mr mrs ms miss prof professor doctor sir md do phd rn np jr sr ii iii iv"

VENDOR_WORDS = frozenset(_VENDORS.split())
"""Lower-case words of manufacturers' names, which may be a patient's name as well."""

DICOM_TERMS = frozenset(_TERMS.split())
"""Lower-case terms of coded attributes and of machines' settings."""

SURNAMES_OF_CONCEPTS = frozenset(_SURNAMES.split())
"""Lower-case names that DICOM's concepts carry."""

DESCRIPTOR_WORDS = frozenset((_EXAMINATION + _TECHNIQUE).split())
"""Lower-case words that name nobody where a study, a series or a technique is described."""

EPONYMS = frozenset(_EPONYMS.split())
"""Lower-case names of long dead people that reports use for things: capitalised, and yet nobody's name."""

ORDINARY_WORDS = frozenset((_ORDINARY + _EXAMINATION + _TECHNIQUE).split()) | EPONYMS
"""Lower-case words that a report uses and that are also somebody's name: taken as a name only beside one."""

TITLES = frozenset(_TITLES.split())
"""Lower-case titles and degrees, which are no part of a name."""

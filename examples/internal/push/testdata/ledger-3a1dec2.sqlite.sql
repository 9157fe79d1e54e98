CREATE TABLE parent_wechat_bind (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent_mobile TEXT NOT NULL,
  wechat_openid TEXT,
  student_id TEXT NOT NULL,
  create_time TEXT NOT NULL
);
INSERT INTO "parent_wechat_bind" VALUES(1,'13900000000','oOld000000000000000000000000','S000','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(2,'13900000001','oOld000000000000000000000001','S000','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(3,'13900000002','oOld000000000000000000000002','S001','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(4,'13900000003','oOld000000000000000000000003','S001','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(5,'13900000004','oOld000000000000000000000004','S002','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(6,'13900000005','oOld000000000000000000000005','S002','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(7,'13900000006','oOld000000000000000000000006','S003','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(8,'13900000007','oOld000000000000000000000007','S003','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(9,'13900000008','oOld000000000000000000000008','S004','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(10,'13900000009','oOld000000000000000000000009','S004','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(11,'13900000010','oOld000000000000000000000010','S005','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(12,'13900000011','oOld000000000000000000000011','S005','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(13,'13900000012','oOld000000000000000000000012','S006','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(14,'13900000013','oOld000000000000000000000013','S006','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(15,'13900000014','oOld000000000000000000000014','S007','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(16,'13900000015','oOld000000000000000000000015','S007','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(17,'13900000016','oOld000000000000000000000016','S008','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(18,'13900000017','oOld000000000000000000000017','S008','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(19,'13900000018','oOld000000000000000000000018','S009','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(20,'13900000019','oOld000000000000000000000019','S009','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(21,'13900000020','oOld000000000000000000000020','S010','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(22,'13900000021','oOld000000000000000000000021','S010','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(23,'13900000022','oOld000000000000000000000022','S011','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(24,'13900000023','oOld000000000000000000000023','S011','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(25,'13900000024','oOld000000000000000000000024','S012','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(26,'13900000025','oOld000000000000000000000025','S012','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(27,'13900000026','oOld000000000000000000000026','S013','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(28,'13900000027','oOld000000000000000000000027','S013','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(29,'13900000028','oOld000000000000000000000028','S014','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(30,'13900000029','oOld000000000000000000000029','S014','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(31,'13900000030','oOld000000000000000000000030','S015','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(32,'13900000031','oOld000000000000000000000031','S015','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(33,'13900000032','oOld000000000000000000000032','S016','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(34,'13900000033','oOld000000000000000000000033','S016','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(35,'13900000034','oOld000000000000000000000034','S017','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(36,'13900000035','oOld000000000000000000000035','S017','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(37,'13900000036','oOld000000000000000000000036','S018','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(38,'13900000037','oOld000000000000000000000037','S018','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(39,'13900000038','oOld000000000000000000000038','S019','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(40,'13900000039','oOld000000000000000000000039','S019','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(41,'13900000040','oOld000000000000000000000040','S020','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(42,'13900000041','oOld000000000000000000000041','S020','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(43,'13900000042','oOld000000000000000000000042','S021','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(44,'13900000043','oOld000000000000000000000043','S021','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(45,'13900000044','oOld000000000000000000000044','S022','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(46,'13900000045','oOld000000000000000000000045','S022','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(47,'13900000046','oOld000000000000000000000046','S023','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(48,'13900000047','oOld000000000000000000000047','S023','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(49,'13900000048','oOld000000000000000000000048','S024','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(50,'13900000049','oOld000000000000000000000049','S024','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(51,'13900000050','oOld000000000000000000000050','S025','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(52,'13900000051','oOld000000000000000000000051','S025','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(53,'13900000052','oOld000000000000000000000052','S026','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(54,'13900000053','oOld000000000000000000000053','S026','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(55,'13900000054','oOld000000000000000000000054','S027','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(56,'13900000055','oOld000000000000000000000055','S027','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(57,'13900000056','oOld000000000000000000000056','S028','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(58,'13900000057','oOld000000000000000000000057','S028','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(59,'13900000058','oOld000000000000000000000058','S029','2026-11-29 09:11:22');
INSERT INTO "parent_wechat_bind" VALUES(60,'13900000059','oOld000000000000000000000059','S029','2026-11-29 09:11:22');
CREATE TABLE push_campaign (
  appid TEXT NOT NULL, name TEXT NOT NULL, settings TEXT NOT NULL, unchanged INTEGER NOT NULL,
  left_out INTEGER NOT NULL, created_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, PRIMARY KEY (appid, name)
);
INSERT INTO "push_campaign" VALUES('wxsimulation000001','autumn','{"template":"DEMO-photo-update-0000000000000000000000000","fields":[{"Key":"thing1","Text":"{student_name}"},{"Key":"time2","Text":"2026年11月20日 18:00"},{"Key":"thing3","Text":"照片"}],"since":0,"link":"","public":true}',0,0,1795914682,0);
CREATE TABLE push_message (
  id INTEGER PRIMARY KEY AUTOINCREMENT, appid TEXT NOT NULL, campaign TEXT NOT NULL, openid TEXT NOT NULL,
  student_id TEXT NOT NULL, content TEXT NOT NULL, client_msg_id TEXT NOT NULL, state TEXT NOT NULL,
  owner TEXT NOT NULL, sending_at INTEGER NOT NULL, msgid INTEGER NOT NULL, errcode INTEGER NOT NULL,
  error TEXT NOT NULL, attempts INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  UNIQUE (appid, campaign, openid, student_id)
);
INSERT INTO "push_message" VALUES(1,'wxsimulation000001','autumn','oOld000000000000000000000000','S000','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/0.jpg","student_id":"S000","student_name":"学生0"}','wxsimulation000001-OR6V3K4XCTBFL4RPTRNMZOZ43X-0','accepted','',1795914682,3717005636572528641,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(2,'wxsimulation000001','autumn','oOld000000000000000000000001','S000','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/0.jpg","student_id":"S000","student_name":"学生0"}','wxsimulation000001-SXMF23VRICD4PXD45C7IV6VTG3-0','accepted','',1795914682,3717005636572528642,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(3,'wxsimulation000001','autumn','oOld000000000000000000000002','S001','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/1.jpg","student_id":"S001","student_name":"学生1"}','wxsimulation000001-HCQEBPJFEILBFGU5LGBTEC5AAM-0','accepted','',1795914682,3717005636572528643,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(4,'wxsimulation000001','autumn','oOld000000000000000000000003','S001','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/1.jpg","student_id":"S001","student_name":"学生1"}','wxsimulation000001-UHSM67CNT5BPNYD5PNRY4P4M7M-0','accepted','',1795914682,3717005636572528644,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(5,'wxsimulation000001','autumn','oOld000000000000000000000004','S002','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/2.jpg","student_id":"S002","student_name":"学生2"}','wxsimulation000001-EBOC6VSC7I5KALF7DWLMOBGWTJ-0','accepted','',1795914682,3717005636572528645,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(6,'wxsimulation000001','autumn','oOld000000000000000000000005','S002','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/2.jpg","student_id":"S002","student_name":"学生2"}','wxsimulation000001-M4Y4Y4AQULXEQQO5SFOCNIL325-0','accepted','',1795914682,3717005636572528646,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(7,'wxsimulation000001','autumn','oOld000000000000000000000006','S003','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/3.jpg","student_id":"S003","student_name":"学生3"}','wxsimulation000001-LESF3E5EABRGV6RZRLC36EET7N-0','accepted','',1795914682,3717005636572528647,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(8,'wxsimulation000001','autumn','oOld000000000000000000000007','S003','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/3.jpg","student_id":"S003","student_name":"学生3"}','wxsimulation000001-MPORMTUDHSGQVK4VWWWYWEPFAO-0','accepted','',1795914682,3717005636572528648,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(9,'wxsimulation000001','autumn','oOld000000000000000000000008','S004','{"photo_update_time":"1763632800","photo_url":"https://p.example/4.jpg","student_id":"S004","student_name":"学生4"}','wxsimulation000001-VMRYB3IG26O4JHELZHAQMCBJCY-0','accepted','',1795914682,3717005636572528649,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(10,'wxsimulation000001','autumn','oOld000000000000000000000009','S004','{"photo_update_time":"1763632800","photo_url":"https://p.example/4.jpg","student_id":"S004","student_name":"学生4"}','wxsimulation000001-WPUAPANGAX32MYL2USUOLGQFFJ-0','accepted','',1795914682,3717005636572528650,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(11,'wxsimulation000001','autumn','oOld000000000000000000000010','S005','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/5.jpg","student_id":"S005","student_name":"学生5"}','wxsimulation000001-D4KWP36XPHZV2UJQPYTELRVDVH-0','accepted','',1795914682,3717005636572528651,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(12,'wxsimulation000001','autumn','oOld000000000000000000000011','S005','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/5.jpg","student_id":"S005","student_name":"学生5"}','wxsimulation000001-DPJA7KBGBOBRRWGFOXMORB4JMU-0','accepted','',1795914682,3717005636572528652,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(13,'wxsimulation000001','autumn','oOld000000000000000000000012','S006','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/6.jpg","student_id":"S006","student_name":"学生6"}','wxsimulation000001-TDNYQGTKT2KAT6K4GSHMHDQBA3-0','accepted','',1795914684,3717005636572528653,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(14,'wxsimulation000001','autumn','oOld000000000000000000000013','S006','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/6.jpg","student_id":"S006","student_name":"学生6"}','wxsimulation000001-EK3DGFVJW4OXD3FGMSS2OCIBBR-0','accepted','',1795914684,3717005636572528654,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(15,'wxsimulation000001','autumn','oOld000000000000000000000014','S007','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/7.jpg","student_id":"S007","student_name":"学生7"}','wxsimulation000001-7N5NXJX52VRMEZQS5XSIRXDHK5-0','accepted','',1795914684,3717005636572528655,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(16,'wxsimulation000001','autumn','oOld000000000000000000000015','S007','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/7.jpg","student_id":"S007","student_name":"学生7"}','wxsimulation000001-BBAG5WUPF7YMMXQLCACOXCOJ46-0','accepted','',1795914684,3717005636572528656,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(17,'wxsimulation000001','autumn','oOld000000000000000000000016','S008','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/8.jpg","student_id":"S008","student_name":"学生8"}','wxsimulation000001-BZPSWZRHVRK37OSSKPHLJRKLAK-0','accepted','',1795914684,3717005636572528657,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(18,'wxsimulation000001','autumn','oOld000000000000000000000017','S008','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/8.jpg","student_id":"S008","student_name":"学生8"}','wxsimulation000001-U3VT3D6V6TK6ZHFI4VULICZZNB-0','accepted','',1795914684,3717005636572528658,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(19,'wxsimulation000001','autumn','oOld000000000000000000000018','S009','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/9.jpg","student_id":"S009","student_name":"学生9"}','wxsimulation000001-LVMSCX3MSKVYGHBJG7Z7K4P6BQ-0','accepted','',1795914684,3717005636572528659,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(20,'wxsimulation000001','autumn','oOld000000000000000000000019','S009','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/9.jpg","student_id":"S009","student_name":"学生9"}','wxsimulation000001-E22ADFH3HWEVVDGPY3YNN4Z4IF-0','accepted','',1795914684,3717005636572528660,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(21,'wxsimulation000001','autumn','oOld000000000000000000000020','S010','{"photo_update_time":"1763632800","photo_url":"https://p.example/10.jpg","student_id":"S010","student_name":"学生10"}','wxsimulation000001-ODSXWSZMOYJ7Z66G3HLDFTJAGH-0','accepted','',1795914684,3717005636572528661,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(22,'wxsimulation000001','autumn','oOld000000000000000000000021','S010','{"photo_update_time":"1763632800","photo_url":"https://p.example/10.jpg","student_id":"S010","student_name":"学生10"}','wxsimulation000001-SOHWC4BX7QRU76HB3DEC6VPNF5-0','accepted','',1795914684,3717005636572528662,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(23,'wxsimulation000001','autumn','oOld000000000000000000000022','S011','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/11.jpg","student_id":"S011","student_name":"学生11"}','wxsimulation000001-E2UJ6AXGXS2DEZ6LJAIRF7PJC4-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914684,0,0,'',1,1795914684);
INSERT INTO "push_message" VALUES(24,'wxsimulation000001','autumn','oOld000000000000000000000023','S011','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/11.jpg","student_id":"S011","student_name":"学生11"}','wxsimulation000001-YDDWRCRXVJ3YXL6APAIYH7OW67-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(25,'wxsimulation000001','autumn','oOld000000000000000000000024','S012','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/12.jpg","student_id":"S012","student_name":"学生12"}','wxsimulation000001-KRL2QQKWKVGZBSIR4VCCINQAFL-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(26,'wxsimulation000001','autumn','oOld000000000000000000000025','S012','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/12.jpg","student_id":"S012","student_name":"学生12"}','wxsimulation000001-ZQG2WHDQ4FVNEAB5FHJ4OAI757-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(27,'wxsimulation000001','autumn','oOld000000000000000000000026','S013','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/13.jpg","student_id":"S013","student_name":"学生13"}','wxsimulation000001-KO76NHMEHZW7J3F4J4CQ3SJU75-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(28,'wxsimulation000001','autumn','oOld000000000000000000000027','S013','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/13.jpg","student_id":"S013","student_name":"学生13"}','wxsimulation000001-WTSUNODU3YCFXSUVYYRWLZIJAH-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(29,'wxsimulation000001','autumn','oOld000000000000000000000028','S014','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/14.jpg","student_id":"S014","student_name":"学生14"}','wxsimulation000001-FPB2TYSYXUV6JTDNDAR3TDGL7W-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(30,'wxsimulation000001','autumn','oOld000000000000000000000029','S014','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/14.jpg","student_id":"S014","student_name":"学生14"}','wxsimulation000001-O7G3TFO3VOIVOQEU4KAKJU5LET-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(31,'wxsimulation000001','autumn','oOld000000000000000000000030','S015','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/15.jpg","student_id":"S015","student_name":"学生15"}','wxsimulation000001-AFXKNNR4HQXI75YLD6I34KRDRY-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(32,'wxsimulation000001','autumn','oOld000000000000000000000031','S015','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/15.jpg","student_id":"S015","student_name":"学生15"}','wxsimulation000001-EBGGXJ2BDLAWZB2JAD6FZE53LK-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(33,'wxsimulation000001','autumn','oOld000000000000000000000032','S016','{"photo_update_time":"1763632800","photo_url":"https://p.example/16.jpg","student_id":"S016","student_name":"学生16"}','wxsimulation000001-QZPDNSTM7VPZTA4L2LRNFD37QW-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(34,'wxsimulation000001','autumn','oOld000000000000000000000033','S016','{"photo_update_time":"1763632800","photo_url":"https://p.example/16.jpg","student_id":"S016","student_name":"学生16"}','wxsimulation000001-YAQ7W4K3MEV2DUFLAVWYH2BK7P-0','sending','vm-2622-G7U723SRKAVXBU7R',1795914685,0,0,'',1,1795914685);
INSERT INTO "push_message" VALUES(35,'wxsimulation000001','autumn','oOld000000000000000000000034','S017','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/17.jpg","student_id":"S017","student_name":"学生17"}','wxsimulation000001-LC3ELWC4X2XR5PD42BDZSKN2UE-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(36,'wxsimulation000001','autumn','oOld000000000000000000000035','S017','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/17.jpg","student_id":"S017","student_name":"学生17"}','wxsimulation000001-ZO7ISE5DBS7Y3MMSC2QAEFMASW-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(37,'wxsimulation000001','autumn','oOld000000000000000000000036','S018','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/18.jpg","student_id":"S018","student_name":"学生18"}','wxsimulation000001-OBC23MSNADIRFKQNB5T3YJUMU6-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(38,'wxsimulation000001','autumn','oOld000000000000000000000037','S018','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/18.jpg","student_id":"S018","student_name":"学生18"}','wxsimulation000001-HSZICJ62VQY375AKXJZ2CWJHJR-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(39,'wxsimulation000001','autumn','oOld000000000000000000000038','S019','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/19.jpg","student_id":"S019","student_name":"学生19"}','wxsimulation000001-YJLKOWEXBWPEKGAFB43ZGQ7XMZ-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(40,'wxsimulation000001','autumn','oOld000000000000000000000039','S019','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/19.jpg","student_id":"S019","student_name":"学生19"}','wxsimulation000001-BYNGRABT4PU2N7JQOGVXHS36KE-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(41,'wxsimulation000001','autumn','oOld000000000000000000000040','S020','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/20.jpg","student_id":"S020","student_name":"学生20"}','wxsimulation000001-PKSG5ZVOCUY6GSS3VZYVA4M6BF-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(42,'wxsimulation000001','autumn','oOld000000000000000000000041','S020','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/20.jpg","student_id":"S020","student_name":"学生20"}','wxsimulation000001-VZPBU2JBHNCJD2TA3FUIANMTN7-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(43,'wxsimulation000001','autumn','oOld000000000000000000000042','S021','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/21.jpg","student_id":"S021","student_name":"学生21"}','wxsimulation000001-HCNSMHWKF7QC4GG2AIUSKGAOTI-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(44,'wxsimulation000001','autumn','oOld000000000000000000000043','S021','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/21.jpg","student_id":"S021","student_name":"学生21"}','wxsimulation000001-PP5LGPPFG4FBMTG4O6TJFJWTP7-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(45,'wxsimulation000001','autumn','oOld000000000000000000000044','S022','{"photo_update_time":"1763632800","photo_url":"https://p.example/22.jpg","student_id":"S022","student_name":"学生22"}','wxsimulation000001-ZIWNCNHNP2C5JRVSTBNWS27NGS-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(46,'wxsimulation000001','autumn','oOld000000000000000000000045','S022','{"photo_update_time":"1763632800","photo_url":"https://p.example/22.jpg","student_id":"S022","student_name":"学生22"}','wxsimulation000001-XDPKB5J2D6LOXRGWTHO7UFHQ2F-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(47,'wxsimulation000001','autumn','oOld000000000000000000000046','S023','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/23.jpg","student_id":"S023","student_name":"学生23"}','wxsimulation000001-ULTC62TJEGOVCNC42QNQWBHCND-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(48,'wxsimulation000001','autumn','oOld000000000000000000000047','S023','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/23.jpg","student_id":"S023","student_name":"学生23"}','wxsimulation000001-A45VKTY5J6N2OCCKFGVPPUAUFX-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(49,'wxsimulation000001','autumn','oOld000000000000000000000048','S024','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/24.jpg","student_id":"S024","student_name":"学生24"}','wxsimulation000001-VRN7HEI5SCQY7LTZR4XSXFTIFU-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(50,'wxsimulation000001','autumn','oOld000000000000000000000049','S024','{"photo_update_time":"2026-11-20 18:00:00","photo_url":"https://p.example/24.jpg","student_id":"S024","student_name":"学生24"}','wxsimulation000001-KOKB7VPZRCJCJ6DS5GMAR23JJU-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(51,'wxsimulation000001','autumn','oOld000000000000000000000050','S025','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/25.jpg","student_id":"S025","student_name":"学生25"}','wxsimulation000001-J4LAMSYTMCINDWKZS7DANCNGMZ-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(52,'wxsimulation000001','autumn','oOld000000000000000000000051','S025','{"photo_update_time":"2026/11/9 9:05","photo_url":"https://p.example/25.jpg","student_id":"S025","student_name":"学生25"}','wxsimulation000001-Y4EQGQ6KKQBJZ4V4AK47FE47BW-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(53,'wxsimulation000001','autumn','oOld000000000000000000000052','S026','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/26.jpg","student_id":"S026","student_name":"学生26"}','wxsimulation000001-PZCWSWNSJ2DLXFTFXMUGE4MBAF-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(54,'wxsimulation000001','autumn','oOld000000000000000000000053','S026','{"photo_update_time":"2026-11-21","photo_url":"https://p.example/26.jpg","student_id":"S026","student_name":"学生26"}','wxsimulation000001-X3TLF65NVFP4WYGJTYFFOI3JYL-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(55,'wxsimulation000001','autumn','oOld000000000000000000000054','S027','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/27.jpg","student_id":"S027","student_name":"学生27"}','wxsimulation000001-LPTOJK7PBMXNWLTFQBVZHXAAFR-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(56,'wxsimulation000001','autumn','oOld000000000000000000000055','S027','{"photo_update_time":"2026-11-20 18:00","photo_url":"https://p.example/27.jpg","student_id":"S027","student_name":"学生27"}','wxsimulation000001-XEBJ22NDNBCEFZKPEUEPA2LVDK-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(57,'wxsimulation000001','autumn','oOld000000000000000000000056','S028','{"photo_update_time":"1763632800","photo_url":"https://p.example/28.jpg","student_id":"S028","student_name":"学生28"}','wxsimulation000001-QXTBHV3WSNWQGHK4EVHDOUT5TZ-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(58,'wxsimulation000001','autumn','oOld000000000000000000000057','S028','{"photo_update_time":"1763632800","photo_url":"https://p.example/28.jpg","student_id":"S028","student_name":"学生28"}','wxsimulation000001-4V2Z64CEAUXZZVH4U7XFO5YJ4M-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(59,'wxsimulation000001','autumn','oOld000000000000000000000058','S029','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/29.jpg","student_id":"S029","student_name":"学生29"}','wxsimulation000001-FDJDU6H7EAYUUKZXW22WR4OL4M-0','pending','',0,0,0,'',0,1795914682);
INSERT INTO "push_message" VALUES(60,'wxsimulation000001','autumn','oOld000000000000000000000059','S029','{"photo_update_time":"2026-11-20T18:00:00+08:00","photo_url":"https://p.example/29.jpg","student_id":"S029","student_name":"学生29"}','wxsimulation000001-JDMPBHCMUE7BCLBURK3HZYBN67-0','pending','',0,0,0,'',0,1795914682);
CREATE TABLE student_photo (
  student_id TEXT NOT NULL,
  student_name TEXT NOT NULL,
  photo_url TEXT,
  photo_update_time TEXT
);
INSERT INTO "student_photo" VALUES('S000','学生0','https://p.example/0.jpg','2026-11-20 18:00:00');
INSERT INTO "student_photo" VALUES('S001','学生1','https://p.example/1.jpg','2026/11/9 9:05');
INSERT INTO "student_photo" VALUES('S002','学生2','https://p.example/2.jpg','2026-11-21');
INSERT INTO "student_photo" VALUES('S003','学生3','https://p.example/3.jpg','2026-11-20 18:00');
INSERT INTO "student_photo" VALUES('S004','学生4','https://p.example/4.jpg','1763632800');
INSERT INTO "student_photo" VALUES('S005','学生5','https://p.example/5.jpg','2026-11-20T18:00:00+08:00');
INSERT INTO "student_photo" VALUES('S006','学生6','https://p.example/6.jpg','2026-11-20 18:00:00');
INSERT INTO "student_photo" VALUES('S007','学生7','https://p.example/7.jpg','2026/11/9 9:05');
INSERT INTO "student_photo" VALUES('S008','学生8','https://p.example/8.jpg','2026-11-21');
INSERT INTO "student_photo" VALUES('S009','学生9','https://p.example/9.jpg','2026-11-20 18:00');
INSERT INTO "student_photo" VALUES('S010','学生10','https://p.example/10.jpg','1763632800');
INSERT INTO "student_photo" VALUES('S011','学生11','https://p.example/11.jpg','2026-11-20T18:00:00+08:00');
INSERT INTO "student_photo" VALUES('S012','学生12','https://p.example/12.jpg','2026-11-20 18:00:00');
INSERT INTO "student_photo" VALUES('S013','学生13','https://p.example/13.jpg','2026/11/9 9:05');
INSERT INTO "student_photo" VALUES('S014','学生14','https://p.example/14.jpg','2026-11-21');
INSERT INTO "student_photo" VALUES('S015','学生15','https://p.example/15.jpg','2026-11-20 18:00');
INSERT INTO "student_photo" VALUES('S016','学生16','https://p.example/16.jpg','1763632800');
INSERT INTO "student_photo" VALUES('S017','学生17','https://p.example/17.jpg','2026-11-20T18:00:00+08:00');
INSERT INTO "student_photo" VALUES('S018','学生18','https://p.example/18.jpg','2026-11-20 18:00:00');
INSERT INTO "student_photo" VALUES('S019','学生19','https://p.example/19.jpg','2026/11/9 9:05');
INSERT INTO "student_photo" VALUES('S020','学生20','https://p.example/20.jpg','2026-11-21');
INSERT INTO "student_photo" VALUES('S021','学生21','https://p.example/21.jpg','2026-11-20 18:00');
INSERT INTO "student_photo" VALUES('S022','学生22','https://p.example/22.jpg','1763632800');
INSERT INTO "student_photo" VALUES('S023','学生23','https://p.example/23.jpg','2026-11-20T18:00:00+08:00');
INSERT INTO "student_photo" VALUES('S024','学生24','https://p.example/24.jpg','2026-11-20 18:00:00');
INSERT INTO "student_photo" VALUES('S025','学生25','https://p.example/25.jpg','2026/11/9 9:05');
INSERT INTO "student_photo" VALUES('S026','学生26','https://p.example/26.jpg','2026-11-21');
INSERT INTO "student_photo" VALUES('S027','学生27','https://p.example/27.jpg','2026-11-20 18:00');
INSERT INTO "student_photo" VALUES('S028','学生28','https://p.example/28.jpg','1763632800');
INSERT INTO "student_photo" VALUES('S029','学生29','https://p.example/29.jpg','2026-11-20T18:00:00+08:00');
CREATE INDEX parent_wechat_bind_openid ON parent_wechat_bind (wechat_openid, student_id);
CREATE INDEX parent_wechat_bind_mobile ON parent_wechat_bind (parent_mobile, student_id);
CREATE INDEX student_photo_student ON student_photo (student_id, photo_update_time);
CREATE INDEX push_message_state ON push_message (appid, campaign, state, id);
CREATE INDEX push_message_person ON push_message (appid, openid, student_id);
